import { ownText } from "../text/own-text.js";
import { isLetter, standsAt } from "./characters.js";
import type { LowBytes } from "./low-bytes.js";
import { type NameStrength, nameStrength } from "./secret-names.js";

export const LONGEST_NAME = 60;

/** What names of secrets contain, or what that begins with. */
export const STEMS: readonly string[] =
  "pass pwd pswd psk pw secret token key cred auth cookie dsn bearer jwt conn contra sig salt mnemonic seed sid sess otp totp senha kennwort pepper recovery verifier webhook pat phpsess hmac license".split(
    " ",
  );

/** Those that are the last of a word's letters, so that they are none in `path` and `inside`. */
const LAST_STEMS: ReadonlySet<string> = new Set(["pw", "sig", "sid", "pat"]);

interface Stem {
  /** The codes of its letters, small. */
  readonly codes: readonly number[];
  /** The first four of them as bytes, and which of the four there are. */
  readonly four: number;
  readonly mask: number;
  readonly isLast: boolean;
}

/** By the lower five bits of their first two letters. */
const stems: (readonly Stem[] | undefined)[] = new Array(32 * 32).fill(undefined);
for (const word of [...STEMS, "signature"]) {
  const codes = [...word].map((letter) => letter.charCodeAt(0));
  const start = (((codes[0] ?? 0) & 31) << 5) | ((codes[1] ?? 0) & 31);
  const [first = 0, second = 0, third = 0, fourth = 0] = codes;
  const four = first | (second << 8) | (third << 16) | (fourth << 24);
  const mask = codes.length < 4 ? (1 << (8 * codes.length)) - 1 : -1;
  stems[start] = [...(stems[start] ?? []), { codes, four, mask, isLast: LAST_STEMS.has(word) }];
}

/** Whether a word of secrets begins at a place, in capitals or not. */
export function isStemAt(text: string, at: number): boolean {
  const alike = stems[((text.charCodeAt(at) & 31) << 5) | (text.charCodeAt(at + 1) & 31)];
  if (alike === undefined) return false;
  for (const { codes, isLast } of alike) {
    let length = 0;
    // Of letters alone this makes small ones.
    while (length < codes.length && (text.charCodeAt(at + length) | 32) === codes[length]) length += 1;
    if (length === codes.length && !(isLast && isLetter(text.charCodeAt(at + length)))) return true;
  }
  return false;
}

/** The same by the lower bytes of characters, as far as these tell, and but for names that surely are no secret's. */
export function mayBeStemAt({ bytes, four: fours }: LowBytes, at: number): boolean {
  const here = fours.getInt32(at, true);
  const alike = stems[((here & 31) << 5) | ((here >> 8) & 31)];
  if (alike === undefined) return false;
  const small = here | 0x20202020;
  for (const { codes, four, mask, isLast } of alike) {
    if ((small & mask) !== four) continue;
    let length = 4;
    while (length < codes.length && ((bytes[at + length] ?? 0) | 32) === codes[length]) length += 1;
    if (length >= codes.length && !(isLast && isLetter(bytes[at + codes.length] ?? 0))) return !isSessionAt(bytes, at);
  }
  return false;
}

const SESSION = [..."session"].map((letter) => letter.charCodeAt(0));

/**
 * Whether what stands from a place on to the end of a name makes it that of no secret, whatever stands before: most
 * names with a word of secrets in them are `session`, `sessions` and `sessionId`.
 */
function isSessionAt(bytes: Uint8Array, at: number): boolean {
  let length = 2;
  while (length < SESSION.length && ((bytes[at + length] ?? 0) | 32) === SESSION[length]) length += 1;
  if (length < SESSION.length) return false;
  let end = at + length;
  const next = (bytes[end] ?? 0) | 32;
  if (next === 115) end += 1;
  else if (next === 105 && ((bytes[end + 1] ?? 0) | 32) === 100) end += 2;
  return !isNamePart(bytes[end] ?? 0);
}

export interface Name {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly strength: NameStrength;
  readonly isFlag: boolean;
  /** Whether it is a header's that signs in. */
  readonly isHeader: boolean;
}

interface KnownName {
  readonly text: string;
  readonly strength: NameStrength;
  readonly isHeader: boolean;
}

const known = new Map<string, KnownName>();
const MOST_KNOWN = 20_000;

function knownName(name: string): KnownName {
  const before = known.get(name);
  if (before !== undefined) return before;
  if (known.size > MOST_KNOWN) known.clear();
  const text = ownText(name);
  const own = { text, strength: nameStrength(name), isHeader: HEADER.test(name) };
  known.set(text, own);
  return own;
}

/** The last ones by their length, first and last characters: of a text the same ones come again and again. */
const last: (KnownName | undefined)[] = new Array(256).fill(undefined);

/** The same of a name that stands in a text, which is not cut out of it where it is one of the last. */
function knownNameAt(text: string, from: number, to: number): KnownName {
  const length = to - from;
  const key = (length + 7 * text.charCodeAt(from) + 31 * text.charCodeAt(to - 1)) & 255;
  const before = last[key];
  if (before !== undefined && before.text.length === length && standsAt(before.text, text, from)) return before;
  const own = knownName(text.slice(from, to));
  last[key] = own;
  return own;
}

const HEADER = /^(?:x-)?(?:proxy-)?authorization$|^(?:http_)?(?:proxy_)?authorization$|^(?:set-)?cookie$/i;

export function strengthOf(name: string): NameStrength {
  return knownName(name).strength;
}

export function isConstant(name: string): boolean {
  return /^[A-Z][A-Z\d_]*$/.test(name);
}

/** A table of the first 128 characters, with those that a class of a regular expression has. */
function tableOf(characters: RegExp): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) => (characters.test(String.fromCharCode(code)) ? 1 : 0));
}

const NAME_PARTS = tableOf(/[\w.-]/);

function isNamePart(code: number): boolean {
  return NAME_PARTS[code] === 1;
}

/** Where a name ends that goes on at a place; one that is too long is cut. */
export function nameEnd(text: string, at: number): number {
  let to = at;
  while (to - at < LONGEST_NAME && isNamePart(text.charCodeAt(to))) to += 1;
  return to;
}

/** What can follow a name whose value comes next. */
const FOLLOWS = tableOf(/["'`()\]}|?=:,>< \t\r\n!+]/);
const [DASH, DOT, GREATER] = [45, 46, 62];

function isFollowed(text: string, to: number): boolean {
  const code = text.charCodeAt(to);
  if (code !== DASH) return FOLLOWS[code] === 1;
  const next = text.charCodeAt(to + 1);
  return next === DASH || next === GREATER;
}

/** The name around a place in it, where it is that of a secret and something follows that can be its value. */
export function nameAround(text: string, at: number): Name | undefined {
  let from = at;
  while (at - from < LONGEST_NAME && from > 0 && isNamePart(text.charCodeAt(from - 1))) from -= 1;
  let to = nameEnd(text, at);
  // A name that goes on is none.
  if (at - from === LONGEST_NAME || to - at === LONGEST_NAME) return undefined;
  for (let last = text.charCodeAt(to - 1); to > at && (last === DOT || last === DASH); last = text.charCodeAt(to - 1)) {
    to -= 1;
  }
  if (!isFollowed(text, to)) return undefined;
  const isFlag = text.charCodeAt(from) === DASH && /^-{1,2}[A-Za-z]/.test(text.slice(from, from + 3));
  for (let first = text.charCodeAt(from); from < at && (first === DASH || first === DOT); ) {
    from += 1;
    first = text.charCodeAt(from);
  }
  const { text: name, strength: own, isHeader } = knownNameAt(text, from, to);
  const isParameter = name.length === 3 && name.toLowerCase() === "key" && /[?&;]/.test(text.charAt(from - 1));
  const strength = isParameter ? 1 : own;
  if (strength === 0 && !isHeader) return undefined;
  if (from >= MARKER.length && standsAt(MARKER, text, from - MARKER.length)) return undefined;
  return { from, to, text: name, strength, isFlag, isHeader };
}

const MARKER = "[masked: ";
