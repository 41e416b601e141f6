import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { attempt } from "../errors/thrown.js";
import {
  bytesAt,
  HEAD_BYTES,
  type Pages,
  pagesBy,
  realDatabase,
  rowIdOf,
  rowIdsOf,
  rowOf,
  type Schema,
  type SqliteValue,
  schemaOf,
} from "./sqlite-tree.js";

/** A larger log is not read: SQLite itself empties it at a few MB. */
const MOST_LOG_BYTES = 64 * 1024 * 1024;

/**
 * Finds rows of one table of a SQLite database by their textual primary key, as the format of its files has them: it
 * reads a page for each level of two trees, however large the database is. Nothing is locked or written, so that the
 * program whose database this is goes on undisturbed; a row that it changes this very moment may not be found.
 *
 * @param path of the database; what stands in its log (`-wal`) counts
 * @returns gives columns of a row by their names; undefined where it cannot be found
 */
export function sqliteTable(path: string, table: string): (key: string, column: string) => SqliteValue | undefined {
  const look = looker(path, table);
  return (key, column) =>
    look((pages, schema) => {
      const at = schema.columns.indexOf(column);
      if (at < 0) return undefined;
      const rowId = rowIdOf(pages, schema.index, Buffer.from(key));
      return rowId === undefined ? undefined : rowOf(pages, schema.root, rowId, [at])?.[0];
    });
}

/**
 * Finds the rows of such a table in which a column has a text, by the index that the table has of that column.
 *
 * @returns gives their primary keys; undefined where that cannot be told, as without such an index
 */
export function sqliteKeysWith(
  path: string,
  { table, key, column }: { readonly table: string; readonly key: string; readonly column: string },
): (text: string) => readonly string[] | undefined {
  const look = looker(path, table);
  return (text) =>
    look((pages, schema) => {
      const at = schema.columns.indexOf(key);
      const index = schema.indexes.get(column);
      if (at < 0 || index === undefined) return undefined;
      return rowIdsOf(pages, index, Buffer.from(text)).flatMap((rowId) => {
        const row = rowOf(pages, schema.root, rowId, [at]);
        return row ? [String(row[0])] : [];
      });
    });
}

/**
 * Opens a database for each look at one of its tables; its log is read once.
 *
 * @returns gives what the look gives; undefined where nothing can be read
 */
function looker(
  path: string,
  table: string,
): <Found>(look: (pages: Pages, schema: Schema) => Found) => Found | undefined {
  const log = logOf(`${realDatabase(path)}-wal`);
  if (log === undefined) return () => undefined;
  let schema: Schema | undefined;
  return (look) =>
    attempt(() => {
      const file = openSync(path, "r");
      try {
        const pages = pagesOf(file, log);
        schema ??= schemaOf(pages, table);
        return schema && look(pages, schema);
      } finally {
        closeSync(file);
      }
    });
}

function pagesOf(file: number, log: ReadonlyMap<number, Buffer>): Pages {
  return pagesBy(log.get(1) ?? bytesAt(file, 0, HEAD_BYTES), (page, size) => {
    return log.get(page) ?? bytesAt(file, (page - 1) * size, size);
  });
}

/** Pages as the log has them since they were last written to the database; undefined for one that is too large. */
function logOf(path: string): ReadonlyMap<number, Buffer> | undefined {
  const pages = new Map<number, Buffer>();
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MOST_LOG_BYTES) return undefined;
  const bytes = size < 32 ? undefined : attempt(() => readFileSync(path));
  if (!bytes) return pages;
  const pageSize = bytes.readUInt32BE(8);
  const salts = bytes.subarray(16, 24);
  // What no commit has followed does not count.
  const open = new Map<number, Buffer>();
  for (let at = 32; at + 24 + pageSize <= bytes.length; at += 24 + pageSize) {
    if (!bytes.subarray(at + 8, at + 16).equals(salts)) break;
    open.set(bytes.readUInt32BE(at), bytes.subarray(at + 24, at + 24 + pageSize));
    if (bytes.readUInt32BE(at + 4) === 0) continue;
    for (const [page, content] of open) pages.set(page, content);
    open.clear();
  }
  return pages;
}
