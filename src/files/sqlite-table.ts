import { FollowedSqlite } from "./followed-sqlite.js";
import { type Pages, rowIdOf, rowIdsOf, rowOf, type Schema, type SqliteValue, schemaOf } from "./sqlite-tree.js";

/**
 * Finds rows of one table of a SQLite database by their textual primary key, as the format of its files has them: it
 * reads a page for each level of two trees, however large the database is.
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
 * Looks at one table of a database, as `FollowedSqlite` does.
 *
 * @returns gives what the look gives; undefined where nothing can be read
 */
function looker(
  path: string,
  table: string,
): <Found>(look: (pages: Pages, schema: Schema) => Found) => Found | undefined {
  const database = new FollowedSqlite(path);
  let schema: Schema | undefined;
  let schemaIs = "";
  return (look) =>
    database.look((moment) => {
      const now = `${moment.name} ${moment.schemaMark}`;
      if (schemaIs !== now) schema = schemaOf(moment, table);
      schemaIs = now;
      return schema && look(moment, schema);
    });
}
