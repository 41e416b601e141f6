import type { RemoteParent } from "./options.js";

/**
 * Reads a `traceparent` header or `TRACEPARENT` variable.
 *
 * @returns undefined when it is not valid: W3C Trace Context has the receiver then start a trace of its own
 */
export function parseTraceparent(value: string): RemoteParent | undefined {
  // Version 00 ends with the flags; a later one may say more behind them.
  const match = /^(?:00|(?!00|ff)[0-9a-f]{2}(?=.{53}(?:-|$)))-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/.exec(
    value.trim(),
  );
  if (value.trim().startsWith("00") && match?.[3] !== undefined) return undefined;
  const traceId = match?.[1];
  const spanId = match?.[2];
  if (!traceId || !spanId || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId };
}
