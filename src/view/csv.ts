import { severalLines } from "./terminal-text.js";

export type CsvCell = string | number | null;

/**
 * Rows as CSV (RFC 4180): CRLF after each, quotes where a cell needs them, doubled inside; null is an empty cell.
 *
 * A spreadsheet takes a text that begins with `=`, `+`, `-`, `@` for a formula and runs it, and what models and tools
 * write is not trusted: such a text gets an apostrophe before it, a number stays one. What steers terminals is taken out.
 */
export function csv(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(cellText).join(",")}\r\n`).join("");
}

function cellText(cell: CsvCell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const text = severalLines(cell);
  // White space before it does not help against all spreadsheets, nor do the wide forms of the signs.
  const safe = /^[\s\u00A0]*[=+\-@＝＋－＠]/.test(text) || /^[\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
