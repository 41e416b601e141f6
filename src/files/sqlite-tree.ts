import { readSync, realpathSync } from "node:fs";
import { attempt } from "../errors/thrown.js";

/** The format of SQLite's files, as far as rows are found by it: pages, the trees that they make up, and records. */

/** What a column of a row holds: other values than these are not asked for. */
export type SqliteValue = string | number | null;

/** More than any tree of SQLite's is deep. */
export const MOST_DEPTH = 32;
const MOST_SCHEMA_PAGES = 1_000;
const MOST_PAYLOAD = 4 * 1024 * 1024;

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

/**
 * The pages of a database.
 *
 * @param head the beginning of the first
 * @param read gives one by its number, and how long each is
 */
export function pagesBy(head: Buffer, read: (page: number, size: number) => Buffer): Pages {
  if (head.toString("latin1", 0, 15) !== "SQLite format 3") throw new Error("no SQLite database");
  const stated = head.readUInt16BE(16);
  const size = stated === 1 ? 65_536 : stated;
  return { usable: size - head.readUInt8(20), read: (page) => read(page, size) };
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
  const walk = (page: number, depth: number): void => {
    if (depth === MOST_DEPTH) return;
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

export function rowOf(pages: Pages, root: number, rowId: number): Buffer | undefined {
  let page = root;
  for (let depth = 0; depth < MOST_DEPTH; depth += 1) {
    const { bytes, isLeaf, cells, children } = nodeOf(pages, page);
    const keys = cells.map((cell) => varint(bytes, isLeaf ? varint(bytes, cell).next : cell + 4).value);
    if (isLeaf) {
      const cell = cells[keys.indexOf(rowId)];
      return cell === undefined ? undefined : payloadOf(pages, bytes, skip(bytes, cell), "table");
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

/** All of a record, with what did not fit on its page. */
export function payloadOf(pages: Pages, bytes: Buffer, at: PayloadStart | number, kind: "table" | "index"): Buffer {
  const { value, next } = typeof at === "number" ? varint(bytes, at) : { value: at.length, next: at.start };
  if (value > MOST_PAYLOAD) throw new Error("too large a row");
  const { usable } = pages;
  const most = kind === "table" ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (value <= most) return bytes.subarray(next, next + value);
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = least + ((value - least) % (usable - 4));
  const local = fitting <= most ? fitting : least;
  const pieces = [bytes.subarray(next, next + local)];
  let page = bytes.readUInt32BE(next + local);
  for (let missing = value - local; missing > 0; missing -= usable - 4) {
    const content = pages.read(page);
    pieces.push(content.subarray(4, 4 + Math.min(missing, usable - 4)));
    page = content.readUInt32BE(0);
  }
  return Buffer.concat(pieces);
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6];

/** The values of a record; blobs are null, and so are integers that no number holds. */
export function valuesOf(record: Buffer): readonly SqliteValue[] {
  const { value: end, next } = varint(record, 0);
  const values: SqliteValue[] = [];
  let body = end;
  for (let at = next; at < end; ) {
    const { value: type, next: after } = varint(record, at);
    at = after;
    const isText = type >= 13 && type % 2 === 1;
    const length = type >= 12 ? Math.floor((type - 12) / 2) : type === 6 || type === 7 ? 8 : (INTEGER_BYTES[type] ?? 0);
    if (isText) values.push(record.toString("utf8", body, body + length));
    else if (type === 8 || type === 9) values.push(type - 8);
    else if (type === 7) values.push(record.readDoubleBE(body));
    else if (type === 6) values.push(Number(record.readBigInt64BE(body)));
    else values.push(type >= 1 && type <= 5 ? record.readIntBE(body, length) : null);
    body += length;
  }
  return values;
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
