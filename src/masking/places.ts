/** Where in a text something may begin that is looked for: one look at each character, for all that is looked for. */

import { ADDRESS_WORDS } from "./addresses.js";
import { mayBeStemAt, STEMS } from "./assigned-names.js";
import { DIGITS, LETTERS } from "./characters.js";
import { COMMAND_WORDS } from "./commands.js";
import { type FormatPlaces, MANIFEST_WORD, PHRASE_WORDS, PORT_WORDS, WEB_KEY_WORD } from "./config-lines.js";
import { KNOWN_BEGINNING, KNOWN_WORDS } from "./known-beginnings.js";
import { type LowBytes, lowBytesOf } from "./low-bytes.js";
import { KEY_WORDS } from "./private-keys.js";
import { SIGN_IN_WORD } from "./sign-ins.js";
import { COLUMN_WORDS } from "./tables.js";
import { AROUND, SHAPES } from "./token-shapes.js";

/** Places of a text, ascending in each list: what is looked for begins at one of its places, or nowhere. */
export interface Places extends FormatPlaces {
  /** Tokens that their prefix tells. */
  readonly tokens: readonly number[];
  /** Names of secrets: where the word in them stands that says so. */
  readonly stems: readonly number[];
  /** Words by which commands are known. */
  readonly commands: readonly number[];
  /** Words in the line that a private key begins with. */
  readonly keys: readonly number[];
  /** What addresses are known by. */
  readonly addresses: readonly number[];
  /** What secretlint's rules find. */
  readonly known: readonly number[];
  /** The words in the middle of tokens that stand somewhere in the text. */
  readonly around: ReadonlySet<string>;
}

/** How many characters tell whether something may begin. */
const LOOKED_AT = 4;

const [TOKEN, STEM, COMMAND, KEY, COLUMN, PHRASE, KNOWN, MIDDLE, PORT, ADDRESS, SIGN_IN, WEB_KEY, MANIFEST] = [
  1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096,
];

/**
 * What may begin so, by six bits of the first character and five of each of the next two, in which capitals are like
 * small letters.
 */
const kinds = new Uint16Array(1 << 16);

/** By the same, which characters may be the fourth: a bit for the lower five of each. */
const fourths = new Int32Array(1 << 16);

/** By six bits of a first character and five of a second, which may be the third. */
const thirds = new Int32Array(1 << 11);

const ANY = 0xffff_ffff;

/** The lower five bits of characters that may follow, as numbers and as a bit for each. */
interface Following {
  readonly codes: readonly number[];
  readonly mask: number;
}

const ALL: Following = { codes: [...Array(32).keys()], mask: ANY };

/** @param following what may follow on a word of less than four characters */
function startsWith(word: string, kind: number, following: Following = ALL): void {
  const first = (word.charCodeAt(0) & 63) << 10;
  // Of a shift only the lower five bits count.
  const second = word.length > 1 ? [word.charCodeAt(1) & 31] : following.codes;
  const third = word.length > 2 ? [word.charCodeAt(2) & 31] : following.codes;
  const mayBeThird = word.length > 2 ? 1 << word.charCodeAt(2) : following.mask;
  const mayBeFourth = word.length > 3 ? 1 << word.charCodeAt(3) : following.mask;
  for (const each of second) {
    const two = (first >> 5) | each;
    thirds[two] = (thirds[two] ?? 0) | mayBeThird;
    for (const last of third) {
      const key = (two << 5) | last;
      kinds[key] = (kinds[key] ?? 0) | kind;
      fourths[key] = (fourths[key] ?? 0) | mayBeFourth;
    }
  }
}

/** The same for a word that is looked for in capitals too; the words are in small letters. */
function startsWithAny(word: string, kind: number): void {
  startsWith(word, kind);
  startsWith(word.toUpperCase(), kind);
}

/** The first 128. */
const CHARACTERS = String.fromCharCode(...Array(128).keys());

/** By class: there are few of them. */
const classes = new Map<string, Following>();

for (const { prefix, rest } of SHAPES) startsWith(prefix, TOKEN, followingOf(prefix, rest.source));
for (const stem of STEMS) startsWithAny(stem, STEM);
for (const word of COMMAND_WORDS) startsWith(word, COMMAND);
for (const word of KEY_WORDS) startsWith(word, KEY);
for (const word of COLUMN_WORDS) startsWithAny(word, COLUMN);
for (const word of PHRASE_WORDS) startsWithAny(word, PHRASE);
for (const word of KNOWN_WORDS) startsWith(word, KNOWN);
for (const [, word] of AROUND) startsWith(word, MIDDLE);
for (const word of PORT_WORDS) startsWith(word, PORT);
for (const word of ADDRESS_WORDS) startsWith(word, ADDRESS);
startsWith(SIGN_IN_WORD, SIGN_IN);
startsWith(WEB_KEY_WORD, WEB_KEY);
startsWith(MANIFEST_WORD, MANIFEST);

/**
 * The characters that can follow on a short prefix of a token, as far as its shape begins with a class of them that is
 * repeated often enough. A token that is wrapped has four of them before the first break.
 */
function followingOf(prefix: string, rest: string): Following {
  if (prefix.length >= LOOKED_AT) return ALL;
  const [, one, times = "1"] = /^(?:\(\?=[^)]*\))*(\[[^\]]+\]|\\[dw])(?:\{(\d+)|(?![?*{]))/.exec(rest) ?? [];
  return one === undefined || Number(times) < LOOKED_AT - prefix.length ? ALL : charactersOf(one);
}

function charactersOf(one: string): Following {
  const known = classes.get(one);
  if (known) return known;
  const all = CHARACTERS.match(new RegExp(one, "g")) ?? [];
  const codes = [...new Set(all.map((character) => character.charCodeAt(0) & 31))];
  const following = { codes, mask: codes.reduce((mask, code) => mask | (1 << code), 0) };
  classes.set(one, following);
  return following;
}

/** What a token may not follow on: a longer word is another one. */
const WORD_CODES = new Uint8Array(1 << 16);
for (const character of `${LETTERS}${DIGITS}_-`) {
  WORD_CODES[character.charCodeAt(0)] = 1;
}

/** By two characters exactly, where tokens may begin: by one where the prefix has no second. */
const tokenStarts = new Uint8Array(128 * 128);
for (const { prefix } of SHAPES) {
  const first = prefix.charCodeAt(0) * 128;
  if (prefix.length > 1) tokenStarts[first + prefix.charCodeAt(1)] = 1;
  else tokenStarts.fill(1, first, first + 128);
}

type Found = { readonly [Kind in Exclude<keyof Places, "around">]: number[] } & { readonly around: Set<string> };

/** Takes time in proportion to the text. */
export function placesIn(text: string): Places {
  const found: Found = {
    ...{ tokens: [], stems: [], commands: [], keys: [], columns: [], phrases: [], ports: [], addresses: [] },
    ...{ manifests: [], webKeys: [], signIns: [], known: [], around: new Set() },
  };
  const low = lowBytesOf(text);
  const end = text.length;
  for (let from = 0; from < end; from += PART) lookThrough(text, low, from, Math.min(end, from + PART), found);
  return found;
}

/** A function that is called for each part of a text is compiled well before the text is at its end. */
const PART = 1 << 13;

/** Every fourth place of a part behind which something may begin; those of the next part are written over them. */
const fours = new Int32Array(PART / 4 + 1);
/** The places themselves. */
const places = new Int32Array(PART + 4);

/** @param from a multiple of four */
function lookThrough(text: string, low: LowBytes, from: number, to: number, found: Found): void {
  const count = placesAt(low, foursIn(low, from, to));
  for (let index = 0; index < count; index += 1) addPlace(text, low, places[index] ?? 0, found);
}

/**
 * Asks at every second place whether something may begin there, by four characters, or at the next one, by three. Where
 * nothing may, which is nearly everywhere, nothing else is asked. Each place is written down, and kept where there may
 * be something: a processor cannot foresee where, and would go on the wrong way.
 *
 * @returns how many were kept
 */
function foursIn({ four }: LowBytes, from: number, to: number): number {
  let count = 0;
  let here = four.getInt32(from, true);
  for (let at = from; at < to; at += 4) {
    const next = four.getInt32(at + 4, true);
    const third = (here >> 16) & 31;
    const fifth = next & 31;
    const one = fourths[((here & 63) << 10) | ((here >> 3) & 0x3e0) | third] ?? 0;
    const two = thirds[((here >> 3) & 0x7e0) | third] ?? 0;
    const three = fourths[((here >> 6) & 0xfc00) | ((here >> 19) & 0x3e0) | fifth] ?? 0;
    const last = thirds[((here >> 19) & 0x7e0) | fifth] ?? 0;
    fours[count] = at;
    // Of a shift only the lower five bits count.
    count += (((one | two) >> (here >> 24)) | ((three | last) >> (next >> 8))) & 1;
    here = next;
  }
  return count;
}

/**
 * The same for each of these, by four characters.
 *
 * @param count how many there are
 */
function placesAt({ four }: LowBytes, count: number): number {
  let kept = 0;
  for (let index = 0; index < count; index += 1) {
    const at = fours[index] ?? 0;
    const here = four.getInt32(at, true);
    const next = four.getInt32(at + 4, true);
    const second = (here >> 8) & 31;
    const third = (here >> 16) & 31;
    const fourth = (here >> 24) & 31;
    const fifth = next & 31;
    const sixth = (next >> 8) & 31;
    places[kept] = at;
    kept += ((fourths[((here & 63) << 10) | (second << 5) | third] ?? 0) >> fourth) & 1;
    places[kept] = at + 1;
    kept += ((fourths[((here << 2) & 0xfc00) | (third << 5) | fourth] ?? 0) >> fifth) & 1;
    places[kept] = at + 2;
    kept += ((fourths[((here >> 6) & 0xfc00) | (fourth << 5) | fifth] ?? 0) >> sixth) & 1;
    places[kept] = at + 3;
    kept += ((fourths[((here >> 14) & 0xfc00) | (fifth << 5) | sixth] ?? 0) >> (next >> 16)) & 1;
  }
  return kept;
}

function addPlace(text: string, low: LowBytes, at: number, found: Found): void {
  const { bytes, four } = low;
  const here = four.getInt32(at, true);
  const kind = kinds[((here & 63) << 10) | ((here >> 3) & 0x3e0) | ((here >> 16) & 31)] ?? 0;
  if ((kind & TOKEN) !== 0 && isTokenStart(text, bytes, at)) found.tokens.push(at);
  if ((kind & STEM) !== 0 && mayBeStemAt(low, at)) found.stems.push(at);
  // Most are nothing else.
  if (kind <= (TOKEN | STEM)) return;
  if ((kind & COMMAND) !== 0) found.commands.push(at);
  if ((kind & KEY) !== 0) found.keys.push(at);
  if ((kind & COLUMN) !== 0) found.columns.push(at);
  if ((kind & PHRASE) !== 0) found.phrases.push(at);
  if ((kind & PORT) !== 0) found.ports.push(at);
  if ((kind & ADDRESS) !== 0) found.addresses.push(at);
  if ((kind & MANIFEST) !== 0) found.manifests.push(at);
  if ((kind & WEB_KEY) !== 0) found.webKeys.push(at);
  if ((kind & SIGN_IN) !== 0) found.signIns.push(at);
  if ((kind & KNOWN) !== 0 && isKnownBeginning(text, at)) found.known.push(at);
  if ((kind & MIDDLE) !== 0) for (const [, word] of AROUND) if (text.startsWith(word, at)) found.around.add(word);
}

function isTokenStart(text: string, bytes: Uint8Array, at: number): boolean {
  const low = bytes[at] ?? 0;
  const lowNext = bytes[at + 1] ?? 0;
  if (low > 127 || lowNext > 127 || tokenStarts[low * 128 + lowNext] === 0) return false;
  if (at > 0 && WORD_CODES[text.charCodeAt(at - 1)] !== 0) return false;
  return text.charCodeAt(at) === low && text.charCodeAt(at + 1) === lowNext;
}

function isKnownBeginning(text: string, at: number): boolean {
  KNOWN_BEGINNING.lastIndex = at;
  return KNOWN_BEGINNING.test(text);
}
