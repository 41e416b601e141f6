/**
 * How long a server asks to wait, from `Retry-After` in either form that RFC 9110 knows: seconds, or a date.
 *
 * @param nowMs the date is compared with, in ms since the epoch
 * @returns ms, never negative; undefined when it does not say
 */
export function retryAfterMs(headers: Pick<Headers, "get">, nowMs: number = Date.now()): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (!value) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
