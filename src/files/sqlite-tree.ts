import { readSync, realpathSync } from "node:fs";
import { attempt } from "../errors/thrown.js";

/** The format of SQLite's files, as far as rows are found by it: pages, the trees that they make up, and records. */

/** What a column of a row holds: other values than these are not asked for. */
export type SqliteValue = string | number | null;

/** More than any tree of SQLite's is deep. */
export const MOST_DEPTH = 32;
const MOST_SCHEMA_PAGES = 1_000;
/** So many bytes of a row are of use. */
const MOST_PAYLOAD = 4 * 1024 * 1024;
/** So far into a row columns are looked for, whatever others hold before them. */
const FARTHEST = 64 * 1024 * 1024;

export interface Schema {
  readonly root: number;
  /** That by which rows are found. */
  readonly index: number;
  /** Of single columns, by these. */
  readonly indexes: ReadonlyMap<string, number>;
  readonly columns: readonly string[];
}

export interface Pages {
  /** Bytes of a page that SQLite uses. */
  readonly usable: number;
  readonly read: (page: number) => Buffer;
}

/** Where a database lies that may be linked to: SQLite has the log beside the file itself. */
export function realDatabase(path: string): string {
  return attempt(() => realpathSync.native(path)) ?? path;
}

/** So much of the first page says how the others are laid out. */
export const HEAD_BYTES = 100;

/** As SQLite has it; what is built upon it does not end otherwise. */
const LEAST_USABLE = 480;

export function isPageSize(size: number): boolean {
  return size >= 512 && size <= 65_536 && (size & (size - 1)) === 0;
}

/**
 * The pages of a database.
 *
 * @param head the beginning of the first
 * @param read gives one by its number, and how long each is
 * @throws where SQLite would have no pages of such a size
 */
export function pagesBy(head: Buffer, read: (page: number, size: number) => Buffer): Pages {
  if (head.toString("latin1", 0, 15) !== "SQLite format 3") throw new Error("no SQLite database");
  const stated = head.readUInt16BE(16);
  const size = stated === 1 ? 65_536 : stated;
  const usable = size - head.readUInt8(20);
  if (!isPageSize(size) || usable < LEAST_USABLE) throw new Error("no size of a page");
  return { usable, read: (page) => read(page, size) };
}

/** @throws where the file ends before */
export function bytesAt(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (readSync(file, bytes, 0, length, position) < length) throw new Error("the file ends too early");
  return bytes;
}

/** An index of all rows, by one column as it is: none of some rows (`WHERE …`), which may end in the same words. */
const OF_ONE_COLUMN = /\bON\s+(?:\w+|`[^`]*`|"[^"]*"|\[[^\]]*\])\s*\(\s*[`"[]?(\w+)[`"\]]?\s*\)\s*$/i;

/** Where a table lies, and an index of it, and which columns it has. @param by default the index of its primary key */
export function schemaOf(pages: Pages, table: string, by = `sqlite_autoindex_${table}_1`): Schema | undefined {
  let root: number | undefined;
  let index: number | undefined;
  const indexes = new Map<string, number>();
  let sql = "";
  const left = [1];
  for (let count = 0; left.length > 0 && count < MOST_SCHEMA_PAGES; count += 1) {
    const node = nodeOf(pages, left.pop() ?? 1);
    left.push(...node.children);
    if (!node.isLeaf) continue;
    for (const cell of node.cells) {
      const [kind, name, of, page, text] = valuesOf(payloadOf(pages, node.bytes, skip(node.bytes, cell), "table"));
      if (typeof page !== "number") continue;
      if (kind === "table" && name === table && typeof text === "string") [root, sql] = [page, text];
      if (kind !== "index" || of !== table) continue;
      if (name === by) index = page;
      const [, column] = OF_ONE_COLUMN.exec(String(text)) ?? [];
      if (column !== undefined) indexes.set(column, page);
    }
  }
  return root === undefined || index === undefined ? undefined : { root, index, indexes, columns: columnsIn(sql) };
}

/** The names of the columns, in the order of their definition. */
function columnsIn(sql: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const [token] of sql.matchAll(/'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|[(),]|[^'"`[(),]+/g)) {
    if (token === ")") depth -= 1;
    const isBetween = token === "," && depth === 1;
    if (isBetween || (token === ")" && depth === 0)) parts.push(part);
    if (isBetween) part = "";
    else if (depth > 0) part += token;
    if (token === "(") depth += 1;
  }
  return parts
    .map((one) => one.trim())
    .filter((one) => !/^(?:constraint|primary|unique|check|foreign)\b/i.test(one))
    .map((one) => /^[`"[]?([^`"\]\s]+)/.exec(one)?.[1] ?? "");
}

export interface TreeNode {
  readonly bytes: Buffer;
  readonly isLeaf: boolean;
  /** Where its cells begin. */
  readonly cells: readonly number[];
  /** The page before each cell, and that after all. */
  readonly children: readonly number[];
}

const LEAVES = [0x0a, 0x0d];
const BRANCHES = [0x02, 0x05];

export function nodeOf(pages: Pages, page: number): TreeNode {
  const bytes = pages.read(page);
  const start = page === 1 ? 100 : 0;
  const kind = bytes.readUInt8(start);
  const isLeaf = LEAVES.includes(kind);
  if (!isLeaf && !BRANCHES.includes(kind)) throw new Error("no page of a tree");
  const count = bytes.readUInt16BE(start + 3);
  const first = start + (isLeaf ? 8 : 12);
  const cells = Array.from({ length: count }, (_, index) => bytes.readUInt16BE(first + 2 * index));
  const children = isLeaf ? [] : [...cells.map((cell) => bytes.readUInt32BE(cell)), bytes.readUInt32BE(start + 8)];
  return { bytes, isLeaf, cells, children };
}

/** The number of the row with a key, by the index of that. */
export function rowIdOf(pages: Pages, root: number, key: Buffer): number | undefined {
  let page = root;
  for (let depth = 0; depth < MOST_DEPTH; depth += 1) {
    const { bytes, isLeaf, cells, children } = nodeOf(pages, page);
    let next = children.at(-1);
    for (const [index, cell] of cells.entries()) {
      const [found, rowId] = valuesOf(payloadOf(pages, bytes, isLeaf ? cell : cell + 4, "index"));
      const order = Buffer.compare(Buffer.from(String(found)), key);
      if (order === 0) return typeof rowId === "number" ? rowId : undefined;
      if (order < 0) continue;
      next = children[index];
      break;
    }
    if (isLeaf || next === undefined) return undefined;
    page = next;
  }
  return undefined;
}

/** The numbers of all rows with a text, by an index whose first column has such: one may stand often there, or nowhere. */
export function rowIdsOf(pages: Pages, root: number, key: Buffer): readonly number[] {
  const found: number[] = [];
  const walked = new Set<number>();
  const walk = (page: number, depth: number): void => {
    if (depth === MOST_DEPTH || walked.has(page)) throw new Error("no tree");
    walked.add(page);
    const { bytes, isLeaf, cells, children } = nodeOf(pages, page);
    for (const [index, cell] of cells.entries()) {
      const entry = valuesOf(payloadOf(pages, bytes, isLeaf ? cell : cell + 4, "index"));
      const [text, rowId] = [entry[0], entry.at(-1)];
      const order = typeof text === "string" ? Buffer.compare(Buffer.from(text), key) : -1;
      const before = children[index];
      if (order >= 0 && before !== undefined) walk(before, depth + 1);
      if (order === 0 && typeof rowId === "number") found.push(rowId);
      if (order > 0) return;
    }
    const last = children.at(-1);
    if (last !== undefined) walk(last, depth + 1);
  };
  walk(root, 0);
  return found;
}

/** The number of the last row whose entry in an index begins with a text. */
export function lastRowIdOf(pages: Pages, root: number, first: Buffer): number | undefined {
  let page = root;
  let last: number | undefined;
  for (let depth = 0; depth < MOST_DEPTH; depth += 1) {
    const { bytes, isLeaf, cells, children } = nodeOf(pages, page);
    const entryOf = (cell: number) => valuesOf(payloadOf(pages, bytes, isLeaf ? cell : cell + 4, "index"));
    let behind = 0;
    for (; behind < cells.length; behind += 1) {
      const entry = entryOf(cells[behind] ?? 0);
      const order = Buffer.compare(Buffer.from(String(entry[0])), first);
      if (order > 0) break;
      // Entries of a branch are entries too; those on the page behind it come later.
      const rowId = entry.at(-1);
      if (order === 0 && typeof rowId === "number") last = rowId;
    }
    const next = children[behind];
    if (isLeaf || next === undefined) return last;
    page = next;
  }
  return undefined;
}

/** Some columns of a row by its number. @param wanted as {@link columnsOf} has it */
export function rowOf(
  pages: Pages,
  root: number,
  rowId: number,
  wanted: readonly number[],
): readonly SqliteValue[] | undefined {
  let page = root;
  for (let depth = 0; depth < MOST_DEPTH; depth += 1) {
    const { bytes, isLeaf, cells, children } = nodeOf(pages, page);
    const keys = cells.map((cell) => varint(bytes, isLeaf ? varint(bytes, cell).next : cell + 4).value);
    if (isLeaf) {
      const cell = cells[keys.indexOf(rowId)];
      return cell === undefined ? undefined : columnsOf(pages, bytes, cell, wanted);
    }
    const upper = keys.findIndex((key) => rowId <= key);
    const next = children.at(upper);
    if (next === undefined) return undefined;
    page = next;
  }
  return undefined;
}

/** A leaf of a table has the row's number between a payload's length and the payload. */
interface PayloadStart {
  readonly length: number;
  readonly start: number;
}

export function skip(bytes: Buffer, cell: number): PayloadStart {
  const { value, next } = varint(bytes, cell);
  return { length: value, start: varint(bytes, next).next };
}

/**
 * A record, with what did not fit on its page.
 *
 * @param needed so many bytes of it alone; all where that is not told
 */
export function payloadOf(
  pages: Pages,
  bytes: Buffer,
  at: PayloadStart | number,
  kind: "table" | "index",
  needed?: number,
): Buffer {
  const { value, next } = typeof at === "number" ? varint(bytes, at) : { value: at.length, next: at.start };
  if (needed === undefined && value > MOST_PAYLOAD) throw new Error("too large a row");
  const local = localOf(pages, value, kind);
  const end = Math.min(value, needed ?? value);
  if (end <= local) return bytes.subarray(next, next + end);
  const pieces = [bytes.subarray(next, next + local)];
  let page = bytes.readUInt32BE(next + local);
  for (let missing = end - local; missing > 0; missing -= pages.usable - 4) {
    const content = pages.read(page);
    pieces.push(content.subarray(4, 4 + Math.min(missing, pages.usable - 4)));
    page = content.readUInt32BE(0);
  }
  return Buffer.concat(pieces);
}

/** So many bytes of a payload stand on its own page. */
function localOf({ usable }: Pages, length: number, kind: "table" | "index"): number {
  const most = kind === "table" ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (length <= most) return length;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = least + ((length - least) % (usable - 4));
  return fitting <= most ? fitting : least;
}

/**
 * Some columns of a row, by their places: null where it has none, as one from before they were added. Of a long row only
 * what stands up to the last of them is read.
 *
 * @param cell of a leaf of a table
 * @throws where they are too large, or too far into the row
 */
export function columnsOf(
  pages: Pages,
  bytes: Buffer,
  cell: number,
  wanted: readonly number[],
): readonly SqliteValue[] {
  const at = skip(bytes, cell);
  const local = localOf(pages, at.length, "table");
  // A header that is longer than that is of a row whose columns cannot be told apart before it is read.
  const isTold = local < at.length && varint(bytes, at.start).value <= local;
  const needed = isTold ? reachOf(bytes.subarray(at.start, at.start + local), wanted) : undefined;
  const values = valuesOf(payloadOf(pages, bytes, at, "table", needed), wanted);
  return wanted.map((place) => values[place] ?? null);
}

/** So many bytes of a record are needed for some of its columns. @param header the beginning of the record */
function reachOf(header: Buffer, wanted: readonly number[]): number {
  const { value: end, next } = varint(header, 0);
  let reach = end;
  let used = 0;
  let body = end;
  for (let at = next, place = 0; at < end; place += 1) {
    const { value: type, next: after } = varint(header, at);
    at = after;
    body += lengthOf(type);
    if (!wanted.includes(place)) continue;
    reach = body;
    used += lengthOf(type);
  }
  if (used > MOST_PAYLOAD || reach > FARTHEST) throw new Error("too large a row");
  return reach;
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8, 8];

/** So many bytes a value has, by its type. */
function lengthOf(type: number): number {
  return type >= 12 ? Math.floor((type - 12) / 2) : (INTEGER_BYTES[type] ?? 0);
}

/**
 * The values of a record; blobs are null, and so are integers that no number holds.
 *
 * @param wanted the places of those that are needed, up to the last of which the record has to be there; all of them
 *   where that is not told
 */
export function valuesOf(record: Buffer, wanted?: readonly number[]): readonly SqliteValue[] {
  const { value: end, next } = varint(record, 0);
  const count = wanted ? Math.max(...wanted) + 1 : Number.POSITIVE_INFINITY;
  const values: SqliteValue[] = [];
  let body = end;
  for (let at = next; at < end && values.length < count; ) {
    const { value: type, next: after } = varint(record, at);
    at = after;
    const length = lengthOf(type);
    values.push(wanted?.includes(values.length) === false ? null : valueAt(record, body, type, length));
    body += length;
  }
  return values;
}

function valueAt(record: Buffer, at: number, type: number, length: number): SqliteValue {
  if (type >= 13 && type % 2 === 1) return record.toString("utf8", at, at + length);
  if (type === 8 || type === 9) return type - 8;
  if (type === 7) return record.readDoubleBE(at);
  if (type === 6) return Number(record.readBigInt64BE(at));
  return type >= 1 && type <= 5 ? record.readIntBE(at, length) : null;
}

/** An integer in as many bytes as it needs, the first bit of each saying that another follows. */
export function varint(bytes: Buffer, start: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let index = 0; index < 8; index += 1) {
    const byte = bytes.readUInt8(start + index);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: start + index + 1 };
  }
  return { value: value * 256 + bytes.readUInt8(start + 8), next: start + 9 };
}
