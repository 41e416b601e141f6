import { after } from "./assigned-values.js";
import { matchOf, type SecretMatch } from "./secret-match.js";
import { type NameStrength, nameStrength } from "./secret-names.js";
import { valueStrength } from "./secret-values.js";

/** What names of columns begin with, as far as they are looked for. */
export const COLUMN_WORDS: readonly string[] = ["password", "passwd", "secret", "api_key", "apikey", "token"];
const COLUMN = /(?:password|passwd|secret(?: access key)?|api_?key|token)"?(?=[ ]{0,80}[,;\t\r\n|│]|[ ]{2,80}\S)/iy;
const WHOLE_COLUMN = new RegExp(`(?:^|[\\n,;\\t"|│+> :])(?:[A-Za-z]{1,12}_)?${COLUMN.source}`, "iy");
/** How far before such a word the name may begin, the sign that stands before it included. */
const FURTHEST_BACK = 13;
/** Files of comma-separated values, and tables that are drawn with lines between the columns. */
const COLUMNS =
  /^["\w -]{1,40}(?:[,;\t]["\w -]{1,40}){1,30}\r?$|^[|│ ]?[ ]{0,60}["\w -]{1,40}(?:[|│][\w -]{1,200}){1,30}[|│]?[ ]{0,60}\r?$/;
/** Tables of programs for terminals: at least two blanks between the names. */
const ALIGNED = /^[A-Za-z][\w-]*(?: [\w-]+)*(?: {2,60}[A-Za-z][\w-]*(?: [\w-]+)*){1,20}[ ]*\r?$/;
const SEPARATOR = /[,;\t|│]/;
/** The lines between rows. */
const RULE = /^[\s|+=:─━═┼├┤┌┐└┘╞╪╡┬┴-]+$/;
const MOST_ROWS = 200;
const LONGEST_HEAD = 500;
/** What outputs of tools put before lines. */
const PREFIX = /^(?:[\w./@-]{1,120}[:-]\d{1,6}[:-]|[ \t]{0,8}\d{1,6}(?:[:\t→]|\| ?)|\+(?!-)|> )/;

/** A column whose name tells that its values are secret. */
interface Column {
  readonly index: number;
  readonly name: string;
  readonly strength: NameStrength;
}

/**
 * The values of columns that are called so, where the names of all columns stand in the first line.
 *
 * @param places where such names may stand, ascending
 */
export function inTables(text: string, places: readonly number[]): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  let next = 0;
  for (const place of places) {
    if (place < next || !isColumn(text, place)) continue;
    const before = text.slice(Math.max(0, place - LONGEST_HEAD), place);
    const from = place - before.length + before.lastIndexOf("\n") + 1;
    const head = lineAt(text, from);
    // Its other columns are looked at with this one.
    next = from + head.length;
    const [prefix, names] = splitPrefix(head);
    if (ALIGNED.test(names)) found.push(...inAlignedRows(text, next + 1, prefix.length, names));
    if (!COLUMNS.test(names)) continue;
    const separator = SEPARATOR.exec(names)?.[0] ?? ",";
    const cells = names.trimEnd().split(separator);
    const columns = cells.flatMap((cell, index): Column[] => {
      const name = cell.replaceAll('"', "").trim();
      const strength = nameStrength(name);
      return strength === 0 ? [] : [{ index, name, strength }];
    });
    found.push(...inRows(text, next + 1, { separator, columns, width: cells.length, hasPrefix: prefix !== "" }));
  }
  return found;
}

function inRows(
  text: string,
  from: number,
  table: {
    readonly separator: string;
    readonly columns: readonly Column[];
    readonly width: number;
    /** Whether something stood before the line with the names that is no part of the table. */
    readonly hasPrefix: boolean;
  },
): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  let at = from;
  for (let row = 0; row < MOST_ROWS; row += 1) {
    const line = lineAt(text, at);
    const [prefix, rest] = table.hasPrefix ? splitPrefix(line) : (["", line] as const);
    const cells = rest.trimEnd().split(table.separator);
    if (line !== "" && RULE.test(rest)) {
      at += line.length + 1;
      continue;
    }
    if (cells.length !== table.width) break;
    for (const { index, name, strength } of table.columns) {
      const cell = cells[index] ?? "";
      const value = /^\s*"?([^"]{4,200}?)"?\s*$/.exec(cell)?.[1]?.trim();
      // Of a token there are many kinds, and not all are secret.
      if (value === undefined || valueStrength(value) <= (strength === 1 ? 2 : 1)) continue;
      const start = at + prefix.length + cells.slice(0, index).join(table.separator).length + (index > 0 ? 1 : 0);
      found.push(matchOf(start + cell.indexOf(value), value, name, at));
    }
    at += line.length + 1;
  }
  return found;
}

/** What stands right below a name is its value. @param indent how much stands before each line */
function inAlignedRows(text: string, from: number, indent: number, names: string): readonly SecretMatch[] {
  const columns = [...names.matchAll(/[A-Za-z][\w-]*(?: [\w-]+)*/g)].flatMap(({ 0: name, index }) => {
    const strength = nameStrength(name);
    return strength === 0 ? [] : [{ at: indent + index, name, strength }];
  });
  const found: SecretMatch[] = [];
  let at = from;
  for (let row = 0; row < MOST_ROWS && columns.length > 0; row += 1) {
    const line = lineAt(text, at);
    if (line.trim() === "") break;
    for (const { at: column, name, strength } of columns) {
      const value = (column === 0 || line[column - 1] === " ") && /^\S{4,200}/.exec(line.slice(column))?.[0];
      if (!value || valueStrength(value) <= (strength === 1 ? 2 : 1)) continue;
      found.push(matchOf(at + column, value, name, at));
    }
    at += line.length + 1;
  }
  return found;
}

function isColumn(text: string, place: number): boolean {
  if (after(COLUMN, text, place) === undefined) return false;
  for (let from = place; from >= 0 && place - from <= FURTHEST_BACK; from -= 1) {
    if ((after(WHOLE_COLUMN, text, from) ?? 0) > place) return true;
  }
  return false;
}

function splitPrefix(line: string): readonly [prefix: string, rest: string] {
  const length = PREFIX.exec(line)?.[0].length ?? 0;
  return [line.slice(0, length), line.slice(length)];
}

function lineAt(text: string, from: number): string {
  const end = text.indexOf("\n", from);
  return text.slice(from, Math.min(end < 0 ? text.length : end, from + 2_000));
}
