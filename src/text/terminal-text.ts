import { columnsOf } from "./columns.js";
import { plainText } from "./plain-text.js";

/**
 * Text from a model or a tool as it may stand on one line of a terminal: escape sequences and control characters gone,
 * invisible characters too (direction marks can make a line read as another, others hide text in it), white space
 * folded, valid Unicode. Joiners stay: emoji and some scripts are written with them.
 */
export function oneLine(text: string): string {
  return severalLines(text).replace(/\s+/gu, " ").trim();
}

/** The same for text of several lines: line feeds and tabs stay. */
export function severalLines(text: string): string {
  return plainText(text).replace(INVISIBLE, "").toWellFormed();
}

/** Direction marks, separators of lines, zero-width spaces, invisible operators, byte order marks, language tags. */
const INVISIBLE = /[\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/** What a reader takes for one character. */
export const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Cut to a number of terminal columns, with `…` where something is left out; wide characters count two. */
export function shortenTo(text: string, columns: number): string {
  if (columns <= 0) return "";
  // No line is longer than a few hundred columns: what lies beyond need not be measured.
  const head = text.slice(0, columns * 8);
  if (head.length === text.length && columnsOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of graphemes.segment(head)) {
    const next = columnsOf(segment);
    if (width + next > columns - 1) break;
    kept += segment;
    width += next;
  }
  // The head may end in the middle of a character.
  return `${kept.trimEnd()}…`.toWellFormed();
}

export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
}

export function padStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - columnsOf(text))) + text;
}
