/** Where in a text something may begin that is looked for: one look at each character, for all that is looked for. */
import { ADDRESS_WORDS } from "./addresses.js";
import { STEMS } from "./assigned-names.js";
import { COMMAND_WORDS } from "./commands.js";
import { COLUMN_WORDS, PHRASE_WORDS, PORT_WORDS } from "./config-lines.js";
import { KNOWN_BEGINNING, KNOWN_WORDS } from "./known-beginnings.js";
import { lowBytesOf } from "./low-bytes.js";
import { KEY_WORDS } from "./private-keys.js";
import { AROUND, SHAPES } from "./token-shapes.js";

/** Places of a text, ascending in each list: what is looked for begins at one of its places, or nowhere. */
export interface Places {
  /** Tokens that their prefix tells. */
  readonly tokens: readonly number[];
  /** Names of secrets: where the word in them stands that says so. */
  readonly stems: readonly number[];
  /** Words by which commands are known. */
  readonly commands: readonly number[];
  /** Words in the line that a private key begins with. */
  readonly keys: readonly number[];
  /** Names of columns. */
  readonly columns: readonly number[];
  /** Words that stand before phrases of many words. */
  readonly phrases: readonly number[];
  /** Numbers of ports. */
  readonly ports: readonly number[];
  /** What addresses are known by. */
  readonly addresses: readonly number[];
  /** What secretlint's rules find. */
  readonly known: readonly number[];
  /** The words in the middle of tokens that stand somewhere in the text. */
  readonly around: ReadonlySet<string>;
}

/** How many characters tell whether something may begin. */
const LOOKED_AT = 4;

const [TOKEN, STEM, COMMAND, KEY, COLUMN, PHRASE, KNOWN, MIDDLE, PORT, ADDRESS] = [
  1, 2, 4, 8, 16, 32, 64, 128, 256, 512,
];

/**
 * What may begin so, by six bits of the first character and five of each of the next two, in which capitals are like
 * small letters.
 */
const kinds = new Uint16Array(1 << 16);

/** By the same, which characters may be the fourth: a bit for the lower five of each. */
const fourths = new Int32Array(1 << 16);

const ANY = 0xffff_ffff;

/** @param following the characters that may follow on a word of less than four, where not all of them may */
function startsWith(word: string, kind: number, following?: readonly number[]): void {
  const [first = 0, ...next] = [...word].map((character) => character.charCodeAt(0));
  const fourth =
    next[2] === undefined ? (following?.reduce((mask, code) => mask | (1 << code), 0) ?? ANY) : 1 << next[2];
  const others = [...new Set(following?.map((code) => code & 31) ?? Array(32).keys())];
  for (const second of next[0] === undefined ? others : [next[0] & 31]) {
    for (const third of next[1] === undefined ? others : [next[1] & 31]) {
      const key = ((first & 63) << 10) | (second << 5) | third;
      kinds[key] = (kinds[key] ?? 0) | kind;
      fourths[key] = (fourths[key] ?? 0) | fourth;
    }
  }
}

/** The same for a word that is looked for in capitals too; the words are in small letters. */
function startsWithAny(word: string, kind: number): void {
  startsWith(word, kind);
  startsWith(word.toUpperCase(), kind);
}

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

/**
 * The characters that can follow on a short prefix of a token, as far as its shape begins with a class of them that is
 * repeated often enough. A token that is wrapped has four of them before the first break.
 */
function followingOf(prefix: string, rest: string): readonly number[] | undefined {
  const [, one, times = "1"] = /^(?:\(\?=[^)]*\))*(\[[^\]]+\]|\\[dw])(?:\{(\d+)|(?![?*{]))/.exec(rest) ?? [];
  if (prefix.length >= LOOKED_AT || one === undefined || Number(times) < LOOKED_AT - prefix.length) return undefined;
  const pattern = new RegExp(one);
  return [...Array(128).keys()].filter((code) => pattern.test(String.fromCharCode(code)));
}

/** What a token may not follow on: a longer word is another one. */
const WORD_CODES = new Uint8Array(1 << 16);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") {
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
    ...{ tokens: [], stems: [], commands: [], keys: [], columns: [], phrases: [], ports: [], addresses: [], known: [] },
    around: new Set(),
  };
  const bytes = lowBytesOf(text);
  const end = text.length;
  for (let from = 0; from < end; from += PART) lookThrough(text, bytes, from, Math.min(end, from + PART), found);
  return found;
}

/** A function that is called for each part of a text is compiled well before the text is at its end. */
const PART = 1 << 13;

function lookThrough(text: string, bytes: Uint8Array, from: number, to: number, found: Found): void {
  // The lower bits of the last two characters that were looked at.
  let next = (((bytes[from] ?? 0) & 31) << 5) | ((bytes[from + 1] ?? 0) & 31);
  for (let at = from; at < to; at += 1) {
    next = ((next << 5) | ((bytes[at + 2] ?? 0) & 31)) & 0x3ff;
    const key = (((bytes[at] ?? 0) & 63) << 10) | next;
    // Of a shift only the lower five bits count.
    if ((((fourths[key] ?? 0) >> (bytes[at + 3] ?? 0)) & 1) === 0) continue;
    const kind = kinds[key] ?? 0;
    if ((kind & TOKEN) !== 0 && isTokenStart(text, at)) found.tokens.push(at);
    if ((kind & STEM) !== 0) found.stems.push(at);
    if ((kind & COMMAND) !== 0) found.commands.push(at);
    if ((kind & KEY) !== 0) found.keys.push(at);
    if ((kind & COLUMN) !== 0) found.columns.push(at);
    if ((kind & PHRASE) !== 0) found.phrases.push(at);
    if ((kind & PORT) !== 0) found.ports.push(at);
    if ((kind & ADDRESS) !== 0) found.addresses.push(at);
    if ((kind & KNOWN) !== 0 && isKnownBeginning(text, at)) found.known.push(at);
    if ((kind & MIDDLE) !== 0) for (const [, word] of AROUND) if (text.startsWith(word, at)) found.around.add(word);
  }
}

function isTokenStart(text: string, at: number): boolean {
  const [code, next] = [text.charCodeAt(at), text.charCodeAt(at + 1)];
  if (code > 127 || next > 127 || tokenStarts[code * 128 + next] === 0) return false;
  return at === 0 || WORD_CODES[text.charCodeAt(at - 1)] === 0;
}

function isKnownBeginning(text: string, at: number): boolean {
  KNOWN_BEGINNING.lastIndex = at;
  return KNOWN_BEGINNING.test(text);
}
