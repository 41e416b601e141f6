import { after, BARS } from "./assigned-values.js";
import { isLetter, tableOf } from "./characters.js";
import { matchOf, type SecretMatch } from "./secret-match.js";
import { type NameStrength, nameStrength } from "./secret-names.js";
import { valueStrength } from "./secret-values.js";

/** What names of columns begin with, as far as they are looked for. */
export const COLUMN_WORDS: readonly string[] = ["password", "passwd", "secret", "api_key", "apikey", "token"];
const COLUMN = new RegExp(
  `(?:password|passwd|secret(?: access key)?|api_?key|token)"?(?=[ ]{0,80}[,;\\t\\r\\n${BARS}]|[ ]{2,80}\\S)`,
  "iy",
);
const WHOLE_COLUMN = new RegExp(`(?:^|[\\n,;\\t"${BARS}+> :])(?:[A-Za-z]{1,12}_|user)?${COLUMN.source}`, "iy");
/** How far before such a word the name may begin, the sign that stands before it included. */
const FURTHEST_BACK = 13;
/** The first line of a file of comma-separated values. */
const FILE_HEAD = /^["\w -]{1,40}(?:[,;\t]["\w -]{1,40}){1,30}$/;
/** Tables of programs for terminals: at least two blanks between the names. */
const ALIGNED_HEAD = /^[A-Za-z][\w-]*(?: [\w-]+)*(?: {2,60}[A-Za-z][\w-]*(?: [\w-]+)*){1,20}$/;
/** A column's name; more words are a sentence. */
const NAME = /^[\w#-]{1,40}(?: [\w-]{1,40}){0,2}$/;
/** One that may tell of secrets: of several words only these do, else `grep password` would be one. */
const TELLING = /^(?:[\w-]+|(?:api|access|private|secret|client|auth|refresh)[ ](?:key|token|secret|access key))$/i;
const SEPARATOR = new RegExp(`[,;\\t${BARS}]`);
/** The lines between rows. */
const RULE = /^[\s|+=:─━═┼├┤┌┐└┘╞╪╡┬┴┃║┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬-]+$/;
const MOST_ROWS = 200;
const MOST_COLUMNS = 31;
const LONGEST_HEAD = 500;
const LONGEST_LINE = 2_000;
const SHORTEST_CELL = 4;
const LONGEST_CELL = 200;
/** What outputs of tools put before lines. */
const PREFIX = /^(?:[\w./@-]{1,120}[:-]\d{1,6}[:-]|[ \t]{0,8}\d{1,6}(?:[:\t→]|\| ?)|\+(?!-)|> )/;

/** A column whose name tells that its values are secret. */
interface Column {
  /** Which of the columns it is, or where it begins in the line. */
  readonly at: number;
  readonly name: string;
  readonly strength: NameStrength;
}

interface Table {
  readonly columns: readonly Column[];
  /** Where the line below the names begins. */
  readonly from: number;
  /** Whether something stood before the line with the names that is no part of the table. */
  readonly hasPrefix: boolean;
}

interface FoundInTable {
  readonly found: readonly SecretMatch[];
  /** Where the line begins that is no row any more. */
  readonly end: number;
}

/**
 * The values of columns that are called so, where the names of all columns stand in the first line: of files of
 * comma-separated values, and of tables that are drawn or aligned, if an empty line or a rule sets the names apart.
 * Takes time in proportion to the text.
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
    if (from > 0 && text[from - 1] !== "\n") continue;
    const head = lineAt(text, from);
    // Its other columns are looked at with this one, and what stands in a row is no name.
    next = from + head.length;
    const table = tableAt(text, from, head);
    if (!table) continue;
    found.push(...table.found);
    next = Math.max(next, table.end);
  }
  return found;
}

function tableAt(text: string, from: number, head: string): FoundInTable | undefined {
  const [prefix, rest] = splitPrefix(head);
  const names = rest.trimEnd();
  const below = from + head.length + 1;
  const separator = SEPARATOR.exec(names)?.[0];
  const table = { from: below, hasPrefix: prefix !== "" };
  if (separator === undefined) {
    const columns = ALIGNED_HEAD.test(names) ? alignedColumns(names) : [];
    const isRuled = isRule(splitPrefix(lineAt(text, below))[1]);
    return columns.length > 0 && (isRuled || isSetApart(text, from))
      ? inAlignedRows(text, { ...table, columns }, isRuled)
      : undefined;
  }
  const cells = names.split(separator);
  if (!BARS.includes(separator)) {
    if (!FILE_HEAD.test(names)) return undefined;
    const columns = telling(cells.map((cell) => cell.replaceAll('"', "").trim()));
    // Of a token there are many kinds, and not all are secret.
    const least = (name: NameStrength): number => (name === 1 ? 3 : 2);
    return columns.length > 0
      ? inRows(text, { ...table, columns }, separator, cells.length, ({ strength }, value) =>
          strength === 1 && value.includes("/") ? false : valueStrength(value) >= least(strength),
        )
      : undefined;
  }
  const own = cells.map((cell) => cell.trim());
  const isNamed = own.every((cell, at) => NAME.test(cell) || (cell === "" && (at === 0 || at === own.length - 1)));
  if (!isNamed || own.length > MOST_COLUMNS) return undefined;
  const columns = telling(own).filter(({ name }) => TELLING.test(name));
  const isRuled = isRule(splitPrefix(lineAt(text, below))[1]);
  if (columns.length === 0 || !(isRuled || isSetApart(text, from))) return undefined;
  return inRows(text, { ...table, columns }, separator, cells.length, (column, value) =>
    isDrawnSecret(column, value, isRuled),
  );
}

/** The columns whose names tell something; those that only end in `key` have paths and names as well. */
function telling(names: readonly string[]): readonly Column[] {
  return names.flatMap((name, at): Column[] => {
    const strength = nameStrength(name);
    return strength > 1 || (strength === 1 && /token$/i.test(name)) ? [{ at, name, strength }] : [];
  });
}

function alignedColumns(names: string): readonly Column[] {
  const own = [...names.matchAll(/[A-Za-z][\w-]*(?: [\w-]+)*/g)];
  if (!own.every(([name]) => NAME.test(name))) return [];
  return telling(own.map(([name]) => name)).flatMap((column) =>
    TELLING.test(column.name) ? [{ ...column, at: own[column.at]?.index ?? 0 }] : [],
  );
}

/**
 * Whether a value below a name is secret. People draw tables of anything: what is told of passwords has blanks in it,
 * and what is called a secret may be its name.
 */
function isDrawnSecret({ name, strength }: Column, value: string, isRuled: boolean): boolean {
  if (/\s/.test(value) || (strength === 1 && value.includes("/"))) return false;
  if (/^secrets?$/i.test(name) && /[-./:]/.test(value)) return false;
  return valueStrength(value) >= (strength === 3 && isRuled ? 2 : 3);
}

/** Whether a line begins the text, or stands behind an empty one or a rule. */
function isSetApart(text: string, from: number): boolean {
  if (from === 0) return true;
  const start = text.lastIndexOf("\n", from - 2) + 1;
  if (from - start > LONGEST_LINE) return false;
  const line = text.slice(start, from - 1);
  const [, rest] = splitPrefix(line);
  return line.trim() === "" || rest.trim() === "" || isRule(line) || isRule(rest);
}

/** Whether a line is drawn between rows. */
export function isRule(line: string): boolean {
  return RULE.test(line) && /[-=─━═]/.test(line);
}

function inRows(
  text: string,
  { columns, from, hasPrefix }: Table,
  separator: string,
  width: number,
  isSecret: (column: Column, value: string) => boolean,
): FoundInTable {
  const found: SecretMatch[] = [];
  let at = from;
  for (let row = 0; row < MOST_ROWS && at < text.length; row += 1) {
    const line = lineAt(text, at);
    const [prefix, rest] = hasPrefix ? splitPrefix(line) : (["", line] as const);
    if (!isRule(rest)) {
      const cells = rest.trimEnd().split(separator);
      if (cells.length !== width) break;
      let start = at + prefix.length;
      for (const [index, cell] of cells.entries()) {
        const column = columns.find((one) => one.at === index);
        const value = column && unquoted(cell.trim());
        if (column && value !== undefined && isSecret(column, value)) {
          found.push(matchOf(start + cell.indexOf(value), value, column.name, at));
        }
        start += cell.length + 1;
      }
    }
    at += line.length + 1;
  }
  return { found, end: at };
}

/** What stands right below a name is its value. A marker before it has moved it. */
function inAlignedRows(text: string, { columns, from, hasPrefix }: Table, isRuled: boolean): FoundInTable {
  const found: SecretMatch[] = [];
  let at = from;
  for (let row = 0; row < MOST_ROWS && at < text.length; row += 1) {
    const line = lineAt(text, at);
    const [prefix, rest] = hasPrefix ? splitPrefix(line) : (["", line] as const);
    if (rest.trim() === "") break;
    for (const column of rest.includes("[masked: ") ? [] : columns) {
      if (column.at > 0 && rest[column.at - 1] !== " ") continue;
      const value = /^\S*/.exec(rest.slice(column.at, column.at + LONGEST_CELL + 1))?.[0] ?? "";
      if (value.length < SHORTEST_CELL || value.length > LONGEST_CELL) continue;
      if (isDrawnSecret(column, value, isRuled)) {
        found.push(matchOf(at + prefix.length + column.at, value, column.name, at));
      }
    }
    at += line.length + 1;
  }
  return { found, end: at };
}

/** @returns nothing for what is too short or too long for a secret, or has more than one part in quotes */
function unquoted(cell: string): string | undefined {
  const isQuoted = /^(["`]).*\1$/.test(cell) && cell.length > 1;
  const value = isQuoted ? cell.slice(1, -1) : cell;
  return value.length < SHORTEST_CELL || value.length > LONGEST_CELL || /["`]/.test(value) ? undefined : value;
}

/** What can stand behind the name of a column, of the first 128 characters. */
const COLUMN_ENDS = tableOf(`" ,;\t\r\n${BARS}`);
/** What the second word of a secret access key begins with. */
const [SMALL_A, CAPITAL_A] = [97, 65];
/** No word of these is longer. */
const LONGEST_WORD = Math.max(...COLUMN_WORDS.map(({ length }) => length));

/** Whether what stands behind a word is not the next one of a sentence, as behind most. */
function mayEnd(text: string, place: number): boolean {
  let end = place;
  while (end - place <= LONGEST_WORD && isWordPart(text.charCodeAt(end))) end += 1;
  const code = text.charCodeAt(end);
  if (code !== 32) return code > 127 || COLUMN_ENDS[code] === 1;
  const next = text.charCodeAt(end + 1);
  return next > 127 || COLUMN_ENDS[next] === 1 || next === SMALL_A || next === CAPITAL_A;
}

function isWordPart(code: number): boolean {
  return isLetter(code) || code === 95;
}

function isColumn(text: string, place: number): boolean {
  if (!mayEnd(text, place) || after(COLUMN, text, place) === undefined) return false;
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
  return text.slice(from, Math.min(end < 0 ? text.length : end, from + LONGEST_LINE));
}
