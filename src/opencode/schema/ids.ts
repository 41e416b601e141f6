/**
 * opencode's ids carry the time at which they were minted: a prefix, 12 hex digits, 14 random characters.
 * The hex digits are the low 48 bits of `ms * 0x1000 + counter`, so the time is known modulo 2^36 ms (795 days);
 * session ids are inverted bit by bit, so that the newest sorts first.
 */
const PATTERN = /^(?:ses|msg|prt|evt|per|tool)_[0-9a-f]{12}[0-9A-Za-z]+$/;
const HEX_DIGITS = 12;
const WRAP_MS = 2 ** 36;
const COUNTER_VALUES = 0x1000;
const ALL_BITS = 2 ** 48 - 1;

/**
 * The time at which an id was minted.
 *
 * @param id an id such as `prt_1fc2fe96b001l9DUyHXXLDzr8d`
 * @param nearMs a time of the same session, in ms since the epoch: of all times that the id can mean, the nearest is
 * taken
 * @returns ms since the epoch, or undefined when the id is not of opencode's form
 */
export function idTime(id: string, nearMs: number): number | undefined {
  if (!PATTERN.test(id)) return undefined;
  const digits = id.indexOf("_") + 1;
  const bits = Number.parseInt(id.slice(digits, digits + HEX_DIGITS), 16);
  const value = id.startsWith("ses") ? ALL_BITS - bits : bits;
  const low = Math.floor(value / COUNTER_VALUES);
  return low + Math.round((nearMs - low) / WRAP_MS) * WRAP_MS;
}

/** Whether a text has the form of a session id. */
export function isSessionId(text: string): boolean {
  return /^ses_[0-9A-Za-z]+$/.test(text);
}
