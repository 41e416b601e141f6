import { oneLine } from "./terminal-text.js";

/** Texts may come from models and tools, numbers are looptrace's own; null is an empty cell. */
export type CsvCell = string | number | null;

/** What a spreadsheet takes for the beginning of a formula, in its wide form too. */
const FORMULA = /^[=+\-@＝＋－＠]/;

/**
 * One line of a table as RFC 4180 has it, with its CRLF.
 *
 * A text is put on one line and cleaned as for a terminal, since that is where it may be printed. One that a
 * spreadsheet would run as a formula gets an apostrophe before it, which spreadsheets take for "this is text".
 */
export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(cellOf).join(",")}\r\n`;
}

function cellOf(cell: CsvCell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const text = oneLine(cell);
  const inert = FORMULA.test(text) ? `'${text}` : text;
  return /[",]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
