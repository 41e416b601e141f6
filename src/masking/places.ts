/** Where in a text something may begin that is looked for: one look at each character, for all that is looked for. */

import { mayBeStemAt } from "./assigned-names.js";
import { DIGITS, LETTERS } from "./characters.js";
import { type Codes, codesOf } from "./codes.js";
import type { FormatPlaces } from "./config-lines.js";
import { KNOWN_BEGINNING } from "./known-beginnings.js";
import { type LowBytes, lowBytesOf } from "./low-bytes.js";
import { isPlainMention } from "./plain-mentions.js";
import { kindAt, MOST_PLACES, PART, prefixPlaces } from "./prefix-places.js";
import {
  ADDRESS,
  COLUMN,
  COMMAND,
  KEY,
  KNOWN,
  MANIFEST,
  MIDDLE,
  PHRASE,
  PORT,
  SIGN_IN,
  STEM,
  TOKEN,
  WEB_KEY,
} from "./prefixes.js";
import { mayBeColumn } from "./tables.js";
import { AROUND, SHAPES } from "./token-shapes.js";

/** Places of a text, ascending in each list: what is looked for begins at one of its places, or nowhere. */
export interface Places extends FormatPlaces {
  /** Tokens that their prefix tells. */
  readonly tokens: readonly number[];
  /** Names of secrets, but for plain mentions: where the word in them stands that says so. */
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
  // Written out: to put it together of two takes as long as a thousand characters.
  const found: Found = {
    tokens: [],
    stems: [],
    commands: [],
    keys: [],
    columns: [],
    phrases: [],
    ports: [],
    addresses: [],
    manifests: [],
    webKeys: [],
    signIns: [],
    known: [],
    around: new Set(),
  };
  const low = lowBytesOf(text);
  const codes = codesOf(text);
  const end = text.length;
  let last = -1;
  for (let from = 0; from < end; from += PART) {
    const count = prefixPlaces(low, from, Math.min(end, from + PART), places);
    last = addPlaces(text, low, codes, count, last, found);
  }
  return found;
}

/** Where something may begin in a part; those of the next part are written over them. */
const places = new Int32Array(MOST_PLACES);

/**
 * @param last the last place that was looked at
 * @returns the same when these were
 */
function addPlaces(text: string, low: LowBytes, codes: Codes, count: number, last: number, found: Found): number {
  let done = last;
  for (let index = 0; index < count; index += 1) {
    const at = places[index] ?? 0;
    if (at <= done) continue;
    addPlace(text, low, codes, at, found);
    done = at;
  }
  return done;
}

function addPlace(text: string, low: LowBytes, codes: Codes, at: number, found: Found): void {
  const kind = kindAt(low, at);
  if (kind === 0) return;
  if ((kind & TOKEN) !== 0 && isTokenStart(codes, at)) found.tokens.push(at);
  if ((kind & STEM) !== 0 && mayBeStemAt(low, at) && !isPlainMention(codes, at)) found.stems.push(at);
  // Most are nothing else.
  if (kind <= (TOKEN | STEM)) return;
  if ((kind & COMMAND) !== 0) found.commands.push(at);
  if ((kind & KEY) !== 0) found.keys.push(at);
  if ((kind & COLUMN) !== 0 && mayBeColumn(codes, at)) found.columns.push(at);
  if ((kind & PHRASE) !== 0) found.phrases.push(at);
  if ((kind & PORT) !== 0) found.ports.push(at);
  if ((kind & ADDRESS) !== 0) found.addresses.push(at);
  if ((kind & MANIFEST) !== 0) found.manifests.push(at);
  if ((kind & WEB_KEY) !== 0) found.webKeys.push(at);
  if ((kind & SIGN_IN) !== 0) found.signIns.push(at);
  if ((kind & KNOWN) !== 0 && isKnownBeginning(text, at)) found.known.push(at);
  if ((kind & MIDDLE) !== 0) for (const [, word] of AROUND) if (text.startsWith(word, at)) found.around.add(word);
}

function isTokenStart(codes: Codes, at: number): boolean {
  const first = codes[at] ?? 0;
  const second = codes[at + 1] ?? 0;
  if (first > 127 || second > 127 || tokenStarts[first * 128 + second] === 0) return false;
  return at === 0 || WORD_CODES[codes[at - 1] ?? 0] === 0;
}

function isKnownBeginning(text: string, at: number): boolean {
  KNOWN_BEGINNING.lastIndex = at;
  return KNOWN_BEGINNING.test(text);
}
