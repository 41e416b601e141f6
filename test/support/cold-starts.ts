import { vi } from "vitest";
import { patiently } from "./patience.js";

/**
 * Gives the tests of a file four times as long as others have. To be called at its top, where they start several
 * programs one after the other, such as opencode cold, which a busy machine takes half a minute for.
 */
export function allowColdStarts(): void {
  vi.setConfig({ testTimeout: patiently(120_000), hookTimeout: patiently(120_000) });
}
