import { plainText } from "../opencode/plain-text.js";
import { columnsOf } from "./columns.js";

/**
 * Text from a model or a tool as it may stand on one line of a terminal: escape sequences and control characters gone,
 * invisible direction marks too (they can make a line read as another), white space folded, valid Unicode.
 */
export function oneLine(text: string): string {
  return severalLines(text).replace(/\s+/gu, " ").trim();
}

/** The same for text of several lines: line feeds and tabs stay. */
export function severalLines(text: string): string {
  return plainText(text).replace(DIRECTION_MARKS, "").toWellFormed();
}

const DIRECTION_MARKS = /[\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/gu;

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

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
  return `${kept.trimEnd()}…`;
}

export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
}

export function padStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - columnsOf(text))) + text;
}
