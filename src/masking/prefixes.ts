/** How what is looked for begins: by at most four characters, of whose codes the lower bytes are looked at. */

import { ADDRESS_WORDS } from "./addresses.js";
import { STEMS } from "./assigned-names.js";
import { COMMAND_WORDS } from "./commands.js";
import { MANIFEST_WORD, PHRASE_WORDS, PORT_WORDS, WEB_KEY_WORD } from "./config-lines.js";
import { KNOWN_WORDS } from "./known-beginnings.js";
import { KEY_WORDS } from "./private-keys.js";
import { SIGN_IN_WORD } from "./sign-ins.js";
import { COLUMN_WORDS } from "./tables.js";
import { AROUND, SHAPES } from "./token-shapes.js";

/** Lower bytes of codes. */
export type Set8 = readonly number[];

export const ANY: Set8 = [...Array(256).keys()];

export interface Prefix {
  /** What its first four characters can be, also where it is shorter. */
  readonly characters: readonly [Set8, Set8, Set8, Set8];
  /** How many characters it has by itself. */
  readonly length: number;
  /** What it is a prefix of: a bit or more, at most sixteen. */
  readonly kind: number;
}

/** What may begin with a prefix: a bit for each. */
export const [TOKEN, STEM, COMMAND, KEY, COLUMN, PHRASE, KNOWN, MIDDLE, PORT, ADDRESS, SIGN_IN, WEB_KEY, MANIFEST] = [
  1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096,
];

/** How many characters tell whether something may begin. */
const LOOKED_AT = 4;

/** The first 128. */
const CHARACTERS = String.fromCharCode(...Array(128).keys());

/** By class: there are few of them. */
const classes = new Map<string, Set8>();

type Spelling = (character: string, at: number) => Set8;

/**
 * @param spelled how each of its characters may be spelled
 * @param following what may follow on a word of less than four characters
 */
function prefixOf(word: string, kind: number, spelled: Spelling = exactly, following: Set8 = ANY): Prefix {
  const character = (at: number): Set8 => (at < word.length ? spelled(word.charAt(at), at) : following);
  return { characters: [character(0), character(1), character(2), character(3)], length: word.length, kind };
}

function exactly(character: string): Set8 {
  return [character.charCodeAt(0)];
}

function inAnyCase(character: string): Set8 {
  return [character.toLowerCase().charCodeAt(0), character.toUpperCase().charCodeAt(0)];
}

/** Behind its first character in any case. */
function beginningExactly(character: string, at: number): Set8 {
  return at === 0 ? exactly(character) : inAnyCase(character);
}

/** How all begins that is looked for. */
export const PREFIXES: readonly Prefix[] = [
  ...SHAPES.map(({ prefix, rest }) => prefixOf(prefix, TOKEN, exactly, followingOf(prefix, rest.source))),
  ...STEMS.map((stem) => prefixOf(stem, STEM, inAnyCase)),
  ...COMMAND_WORDS.map((word) => prefixOf(word, COMMAND)),
  ...KEY_WORDS.map((word) => prefixOf(word, KEY)),
  ...COLUMN_WORDS.map((word) => prefixOf(word, COLUMN, inAnyCase)),
  ...PHRASE_WORDS.map((word) => prefixOf(word, PHRASE, inAnyCase)),
  // Some of what they are told by may be written in capitals.
  ...KNOWN_WORDS.map((word) => prefixOf(word, KNOWN, beginningExactly)),
  ...AROUND.map(([, word]) => prefixOf(word, MIDDLE)),
  ...PORT_WORDS.map((word) => prefixOf(word, PORT)),
  ...ADDRESS_WORDS.map((word) => prefixOf(word, ADDRESS)),
  prefixOf(SIGN_IN_WORD, SIGN_IN),
  prefixOf(WEB_KEY_WORD, WEB_KEY),
  prefixOf(MANIFEST_WORD, MANIFEST),
];

/**
 * The characters that can follow on a short prefix of a token, as far as its shape begins with a class of them that is
 * repeated often enough. A token that is wrapped has four of them before the first break.
 */
function followingOf(prefix: string, rest: string): Set8 {
  if (prefix.length >= LOOKED_AT) return ANY;
  const [, one, times = "1"] = /^(?:\(\?=[^)]*\))*(\[[^\]]+\]|\\[dw])(?:\{(\d+)|(?![?*{]))/.exec(rest) ?? [];
  return one === undefined || Number(times) < LOOKED_AT - prefix.length ? ANY : charactersOf(one);
}

function charactersOf(one: string): Set8 {
  const known = classes.get(one);
  if (known) return known;
  const all = (CHARACTERS.match(new RegExp(one, "g")) ?? []).map((character) => character.charCodeAt(0));
  classes.set(one, all);
  return all;
}
