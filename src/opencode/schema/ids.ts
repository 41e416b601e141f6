/**
 * opencode's ids carry the time at which they were minted: a prefix, 12 hex digits, 14 random characters.
 * The hex digits are the low 48 bits of `ms * 0x1000 + counter`, so the time is known modulo 2^36 ms (795 days);
 * session ids are inverted bit by bit, so that the newest sorts first.
 */
const PREFIXES: ReadonlySet<string> = new Set(["ses_", "msg_", "prt_", "evt_", "per_", "tool_"]);
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
  const digits = id.indexOf("_") + 1;
  if (!PREFIXES.has(id.slice(0, digits))) return undefined;
  const bits = mintedBits(id, digits);
  if (bits === undefined) return undefined;
  const value = id.startsWith("ses") ? ALL_BITS - bits : bits;
  const low = Math.floor(value / COUNTER_VALUES);
  return low + Math.round((nearMs - low) / WRAP_MS) * WRAP_MS;
}

/** By hand: each part of a session is asked for its time more than once, and a regular expression takes ten times as long. */
function mintedBits(id: string, from: number): number | undefined {
  const end = from + HEX_DIGITS;
  if (id.length <= end) return undefined;
  let bits = 0;
  for (let at = from; at < end; at += 1) {
    const code = id.charCodeAt(at);
    if (isDigit(code)) bits = bits * 16 + code - 48;
    else if (code >= 97 && code <= 102) bits = bits * 16 + code - 87;
    else return undefined;
  }
  for (let at = end; at < id.length; at += 1) {
    const code = id.charCodeAt(at);
    if (!isDigit(code) && !(code >= 97 && code <= 122) && !(code >= 65 && code <= 90)) return undefined;
  }
  return bits;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Whether a text has the form of a session id. */
export function isSessionId(text: string): boolean {
  return /^ses_[0-9A-Za-z]+$/.test(text);
}
