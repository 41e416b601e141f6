import { vi } from "vitest";
import type { CliProcess } from "./cli.js";
import { patiently } from "./patience.js";

/** No test may take longer: what is still waited for then is waited for by nobody. */
const LONGEST_MS = patiently(110_000);
const SOON_MS = patiently(25_000);

/** Waits until what it is given throws no more: for what other processes do, which takes a busy machine its time. */
export async function eventually(holds: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(holds, { timeout: SOON_MS });
}

/**
 * Waits until something holds, by looking every 20 ms.
 *
 * @param program what has to make it hold: when that has ended first, the test fails at once, with what it said
 */
export async function until(holds: () => boolean | Promise<boolean>, program?: CliProcess): Promise<void> {
  let why: string | undefined;
  program?.ended.then(({ code, signal, stderr }) => {
    why = `the program ended (${signal ?? code}), and said: ${stderr}`;
  });
  const giveUpAt = performance.now() + LONGEST_MS;
  while (!(await holds())) {
    if (why === undefined && performance.now() > giveUpAt) why = "it takes too long";
    if (why !== undefined && !(await holds())) throw new Error(`It does not hold that ${holds}: ${why}`);
    await new Promise((later) => setTimeout(later, 20));
  }
}
