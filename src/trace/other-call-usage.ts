import type { OtherCall } from "./model.js";

/** Whether it took tokens and nothing tells how many; a request that was refused, or not answered, took none. */
export function isUnknown({ usage, wire }: OtherCall): boolean {
  return usage === null && (wire?.status ?? REFUSED_FROM) < REFUSED_FROM;
}

/** The first HTTP status of a refusal. */
const REFUSED_FROM = 400;
