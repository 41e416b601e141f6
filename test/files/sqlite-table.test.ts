import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { sqliteKeysWith, sqliteTable } from "../../src/files/sqlite-table.js";

/**
 * Written by SQLite (`sqlite/make-sessions.mjs`): pages of 512 bytes, so that trees of 300 rows have branches; the 151st
 * row goes over several pages, `time_archived` was added later, and the last change of the second row is in the log
 * alone.
 */
const DATABASE = fileURLToPath(new URL("./sqlite/sessions.db", import.meta.url));
const AT = Date.parse("2026-01-01T12:00:00Z");

function idOf(row: number): string {
  return `ses_${String((row * 7919) % 100_000).padStart(5, "0")}0000000abcdefghijklmn`;
}

test("every row of a table by its key, whatever is changed in the log and does not fit on a page", () => {
  const value = sqliteTable(DATABASE, "session");
  for (let row = 0; row < 300; row += 1) {
    const updated = row === 1 ? AT + 3_600_000 : AT + 60_000 * (row % 3);
    expect([row, value(idOf(row), "id"), value(idOf(row), "time_updated")]).toEqual([row, idOf(row), updated]);
  }
  expect(value(idOf(3), "cost")).toBe(0.75);
  expect(value(idOf(150), "permission")).toBe("x".repeat(3_000));
  expect([value(idOf(1), "time_archived"), value(idOf(2), "time_archived")]).toEqual([7, null]);
});

test("the keys of all rows with a text, by an index in which one stands in many rows, and in some none", () => {
  const below = sqliteKeysWith(DATABASE, { table: "session", key: "id", column: "parent_id" });
  const rows = Array.from({ length: 300 }, (_, row) => row);
  expect(below(idOf(0))?.toSorted()).toEqual(rows.slice(100, 200).map(idOf).toSorted());
  for (const row of rows.slice(1, 100)) expect([row, below(idOf(row))]).toEqual([row, []]);
  for (const row of rows.slice(100, 200)) expect([row, below(idOf(row))]).toEqual([row, [idOf(row + 100)]]);
  for (const text of ["", "null", "zzz"]) expect(below(text)).toEqual([]);
  expect(sqliteKeysWith(DATABASE, { table: "session", key: "id", column: "cost" })("0")).toBeUndefined();
  expect(sqliteKeysWith(DATABASE, { table: "session", key: "no", column: "parent_id" })(idOf(0))).toBeUndefined();
  expect(sqliteKeysWith(`${DATABASE}-none`, { table: "session", key: "id", column: "cost" })("")).toBeUndefined();
});

test.each([
  ["CREATE INDEX i ON session (cost) WHERE (parent_id)", undefined],
  ["CREATE INDEX i ON session (lower(parent_id))", undefined],
  ['create index i on "session" ( "parent_id" )', 100],
])("an index by %j", async (sql, found) => {
  const folder = await mkdtemp(join(tmpdir(), "sqlite-table-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "some.db");
  const text = await readFile(DATABASE, "latin1");
  const [before = ""] = /CREATE INDEX [^(]*\([^)]*parent_id[^)]*\)/.exec(text) ?? [];
  // As long as the other one.
  await writeFile(path, text.replace(before, sql.padEnd(before.length)), "latin1");
  expect(sql.length).toBeLessThanOrEqual(before.length);
  const below = sqliteKeysWith(path, { table: "session", key: "id", column: "parent_id" });
  expect(below(idOf(0))?.length).toBe(found);
});

test("what is not there is undefined: a row, a column, a table, a database", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sqlite-table-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const value = sqliteTable(DATABASE, "session");
  for (const key of ["", "ses_", `${idOf(1)}0`, "zzz"]) expect(value(key, "id")).toBeUndefined();
  expect(value(idOf(1), "fk")).toBeUndefined();
  expect(sqliteTable(DATABASE, "nothing")(idOf(1), "id")).toBeUndefined();
  expect(sqliteTable(join(folder, "none.db"), "session")(idOf(1), "id")).toBeUndefined();
  await writeFile(join(folder, "text.db"), "x".repeat(5_000));
  expect(sqliteTable(join(folder, "text.db"), "session")(idOf(1), "id")).toBeUndefined();
});

test("a database without a log, and one whose log has no commit", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sqlite-table-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "some.db");
  await copyFile(DATABASE, path);
  expect(sqliteTable(path, "session")(idOf(1), "time_updated")).toBe(AT + 60_000);
  const log = await readFile(`${DATABASE}-wal`);
  await writeFile(`${path}-wal`, log);
  expect(sqliteTable(path, "session")(idOf(1), "time_updated")).toBe(AT + 3_600_000);
  await symlink(path, join(folder, "link.db"));
  expect(sqliteTable(join(folder, "link.db"), "session")(idOf(1), "time_updated")).toBe(AT + 3_600_000);
  // How large the database is after a commit, of the only page in the log.
  log.writeUInt32BE(0, 36);
  await writeFile(`${path}-wal`, log);
  expect(sqliteTable(path, "session")(idOf(1), "time_updated")).toBe(AT + 60_000);
});
