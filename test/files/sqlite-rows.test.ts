import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { FollowedSqlite } from "../../src/files/followed-sqlite.js";
import { SqliteRows } from "../../src/files/sqlite-rows.js";

/** See `followed-sqlite.test.ts` and `sqlite/make-sessions.mjs`: a table of 300 rows has many pages. */
const SESSIONS = fileURLToPath(new URL("./sqlite/sessions.db", import.meta.url));
const AT = Date.parse("2026-01-01T12:00:00Z");

test("of a table's rows only those are read again whose pages have changed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sqlite-rows-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "sessions.db");
  await copyFile(SESSIONS, path);
  await copyFile(`${SESSIONS}-wal`, `${path}-wal`);
  const database = new FollowedSqlite(path);
  const rows = new SqliteRows("session", ["time_updated", "id", "time_archived"]);
  const read: number[] = [];
  const marked: number[] = [];
  const look = (isMarked: (page: number) => boolean, commits = 0) =>
    database.look((moment) => {
      read.length = 0;
      marked.length = 0;
      return rows.in({
        ...moment,
        end: moment.end + commits,
        markOf: (page) => {
          marked.push(page);
          return moment.markOf(page) + (isMarked(page) ? 1 : 0);
        },
        read: (page) => {
          read.push(page);
          return moment.read(page);
        },
      });
    });
  const idOf = (row: number) => `ses_${String((row * 7919) % 100_000).padStart(5, "0")}0000000abcdefghijklmn`;
  const all = Array.from({ length: 300 }, (_, row) => [
    row === 1 ? AT + 3_600_000 : AT + 60_000 * (row % 3),
    idOf(row),
    row === 1 ? 7 : null,
  ]);
  expect(look(() => false)).toEqual(all);
  expect(read.length).toBeGreaterThan(50);
  const [some = 0] = read.slice(-1);
  // Not even that is asked while nothing is committed.
  expect(look(() => false)).toEqual(all);
  expect([read, marked]).toEqual([[], []]);
  expect(look(() => false, 1)).toEqual(all);
  expect([read, marked.length > 50]).toEqual([[], true]);
  expect(look((page) => page === some, 2)).toEqual(all);
  expect(read).toEqual([some]);
});

test("what fails is not tried again while nothing is written, and what could be read before is not read again", () => {
  const database = new FollowedSqlite(SESSIONS);
  const rows = new SqliteRows("session", ["id"]);
  const read: number[] = [];
  const look = (isThere: (page: number) => boolean) => {
    read.length = 0;
    return database.look((moment) =>
      rows.in({
        ...moment,
        read: (page) => {
          read.push(page);
          if (!isThere(page)) throw new Error("too large a row");
          return moment.read(page);
        },
      }),
    );
  };
  let pages = 0;
  expect(look(() => ++pages <= 40)).toBeUndefined();
  expect(read).toHaveLength(41);
  const broken = read.at(-1);
  expect(look((page) => page !== broken)).toBeUndefined();
  expect(read).toEqual([broken]);
  expect(look(() => true)).toHaveLength(300);
});

test("a table that is not there, or has not all of the columns, has no rows", () => {
  const database = new FollowedSqlite(SESSIONS);
  expect(database.look((moment) => new SqliteRows("none", ["id"]).in(moment))).toBeUndefined();
  expect(database.look((moment) => new SqliteRows("session", ["id", "none"]).in(moment))).toBeUndefined();
});
