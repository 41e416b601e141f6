/**
 * opencode's ids carry the time at which they were minted: a prefix, 12 hex digits, 14 random characters.
 * The hex digits are the low 48 bits of `ms * 0x1000 + counter`, so the time is known modulo 2^36 ms (795 days);
 * session ids are inverted bit by bit, so that the newest sorts first.
 */
const PREFIXES = ["prt_", "msg_", "ses_", "evt_", "per_", "tool_"] as const;
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
  const begin = lengthOfPrefix(id);
  if (begin === 0) return undefined;
  const bits = mintedBits(id, begin);
  if (bits === undefined) return undefined;
  const value = id.startsWith("ses") ? ALL_BITS - bits : bits;
  const low = Math.floor(value / COUNTER_VALUES);
  return low + Math.round((nearMs - low) / WRAP_MS) * WRAP_MS;
}

/** 0: it has none that is opencode's. */
function lengthOfPrefix(id: string): number {
  for (const prefix of PREFIXES) if (id.startsWith(prefix)) return prefix.length;
  return 0;
}

/** By hand: each part of a session is asked for its time more than once, and a regular expression takes ten times as long. */
function mintedBits(id: string, from: number): number | undefined {
  const end = from + HEX_DIGITS;
  if (id.length <= end) return undefined;
  let bits = 0;
  for (let at = from; at < end; at += 1) {
    const digit = SIGNS[id.charCodeAt(at)] ?? 0;
    if (digit === 0 || digit > 16) return undefined;
    bits = bits * 16 + digit - 1;
  }
  for (let at = end; at < id.length; at += 1) if ((SIGNS[id.charCodeAt(at)] ?? 0) === 0) return undefined;
  return bits;
}

/** By a character's code: 1 to 16 for the digits of hexadecimal numbers, 17 for other letters, 0 for all else. */
const SIGNS = new Uint8Array(128);
for (const sign of "ABCDEFGHIJKLMNOPQRSTUVWXYZghijklmnopqrstuvwxyz") SIGNS[sign.charCodeAt(0)] = 17;
[..."0123456789abcdef"].forEach((sign, digit) => {
  SIGNS[sign.charCodeAt(0)] = digit + 1;
});

/** Whether a text has the form of a session id. */
export function isSessionId(text: string): boolean {
  return /^ses_[0-9A-Za-z]+$/.test(text);
}
