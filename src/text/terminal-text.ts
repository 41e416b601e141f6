import { columnsOf, PLAIN } from "./columns.js";
import { once } from "./lazy.js";
import { plainText } from "./plain-text.js";

/**
 * Text from a model or a tool as it may stand on one line of a terminal: escape sequences and control characters gone,
 * invisible characters too (direction marks can make a line read as another, others hide text in it), white space
 * folded, valid Unicode. Joiners stay: emoji and some scripts are written with them.
 */
export function oneLine(text: string): string {
  // Most are one line already, which takes one look.
  if (text.length <= LONGEST_LOOKED_AT && ONE_LINE.test(text)) return text;
  return severalLines(text).replace(/\s+/gu, " ").trim();
}

/** Words of ASCII with a blank between two of them. */
const ONE_LINE = /^(?:[!-~]+(?: [!-~]+)*)?$/;

/** Longer texts are rarely one line; a look at them would not be free. */
const LONGEST_LOOKED_AT = 1_000;

/** The same for text of several lines: line feeds and tabs stay. */
export function severalLines(text: string): string {
  return plainText(text).replace(INVISIBLE, "").toWellFormed();
}

/** Direction marks, separators of lines, zero-width spaces, invisible operators, byte order marks, language tags. */
const INVISIBLE = /[\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/** Made when a text first needs it: that takes 8 ms. */
const graphemes = once(() => new Intl.Segmenter(undefined, { granularity: "grapheme" }));

/** What a reader takes for one character each, with where it begins. */
export function charactersOf(text: string): Iterable<{ readonly segment: string; readonly index: number }> {
  if (PLAIN.test(text)) return Array.from(text, (segment, index) => ({ segment, index }));
  return graphemes().segment(text);
}

/** Cut to a number of terminal columns, with `…` where something is left out; wide characters count two. */
export function shortenTo(text: string, columns: number): string {
  if (columns <= 0) return "";
  // No line is longer than a few hundred columns: what lies beyond need not be measured.
  const head = text.slice(0, columns * 8);
  if (head.length === text.length && columnsOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of charactersOf(head)) {
    const next = columnsOf(segment);
    if (width + next > columns - 1) break;
    kept += segment;
    width += next;
  }
  // The head may end in the middle of a character.
  return `${kept.trimEnd()}…`.toWellFormed();
}

/**
 * The same with the middle left out, where it can tell two texts apart: the beginning says what it is, the end which.
 * The end gets the larger part.
 */
export function shortenMiddle(text: string, columns: number): string {
  // What is longer than a terminal is wide by far is told by its beginning.
  if (columnsOf(text.slice(0, columns * 8)) <= columns || text.length > MOST_OF_MIDDLE) return shortenTo(text, columns);
  if (columns < 3) return shortenTo(text, columns);
  const behind = Math.ceil((columns - 1) / 2);
  let end = "";
  let width = 0;
  for (const { segment } of [...charactersOf(text)].reverse()) {
    const next = columnsOf(segment);
    if (width + next > behind) break;
    end = segment + end;
    width += next;
  }
  return `${shortenTo(text, columns - width)}${end.trimStart()}`;
}

/** In UTF-16 units. */
const MOST_OF_MIDDLE = 2000;

export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
}

export function padStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - columnsOf(text))) + text;
}
