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

const [TOKEN, STEM, COMMAND, KEY, COLUMN, PHRASE, KNOWN, MIDDLE, PORT, ADDRESS] = [
  1, 2, 4, 8, 16, 32, 64, 128, 256, 512,
];

/**
 * What may begin so, by six bits of the first character and five of each of the next two, in which capitals are like
 * small letters.
 */
const kinds = new Uint16Array(1 << 16);

function startsWith(word: string, kind: number): void {
  const key = keyOf(word);
  // What follows a shorter word may be anything.
  const open = word.length > 2 ? 1 : word.length === 2 ? 1 << 5 : 1 << 10;
  for (let at = key; at < key + open; at += 1) kinds[at] = (kinds[at] ?? 0) | kind;
}

/** The same for a word that is looked for in capitals too; the words are in small letters. */
function startsWithAny(word: string, kind: number): void {
  startsWith(word, kind);
  startsWith(word.toUpperCase(), kind);
}

function keyOf(word: string): number {
  const [first = 0, second = 0, third = 0] = [0, 1, 2].map((at) => (at < word.length ? word.charCodeAt(at) : 0));
  return ((first & 63) << 10) | ((second & 31) << 5) | (third & 31);
}

for (const { prefix } of SHAPES) startsWith(prefix, TOKEN);
for (const stem of STEMS) startsWithAny(stem, STEM);
for (const word of COMMAND_WORDS) startsWith(word, COMMAND);
for (const word of KEY_WORDS) startsWith(word, KEY);
for (const word of COLUMN_WORDS) startsWithAny(word, COLUMN);
for (const word of PHRASE_WORDS) startsWithAny(word, PHRASE);
for (const word of KNOWN_WORDS) startsWith(word, KNOWN);
for (const [, word] of AROUND) startsWith(word, MIDDLE);
for (const word of PORT_WORDS) startsWith(word, PORT);
for (const word of ADDRESS_WORDS) startsWith(word, ADDRESS);

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
  const end = bytes.length - 2;
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
    const kind = kinds[(((bytes[at] ?? 0) & 63) << 10) | next] ?? 0;
    if (kind === 0) continue;
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
