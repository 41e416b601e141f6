import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { FollowedSqlite } from "../../src/files/followed-sqlite.js";
import { SqliteRows } from "../../src/files/sqlite-rows.js";

/** See `sqlite/make-store.mjs`: two commits are in the log alone, the first of one page. */
const STORE = fileURLToPath(new URL("./sqlite/store.db", import.meta.url));
const AT = Date.parse("2026-01-01T12:00:00Z");
const LOG_HEAD = 32;
const FRAME = 24 + 512;

let path = "";
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "followed-sqlite-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  path = join(folder, "store.db");
  await copyFile(STORE, path);
});

/** What `look` tells of: when the 9th session was updated, and how many there are. */
type Told = readonly [number | undefined, number] | undefined;
const BEFORE: Told = [AT + 9_000, 40];
const UPDATED: Told = [AT + 3_600_000, 40];
const ALL: Told = [AT + 3_600_000, 41];

function follow(): () => Told {
  const database = new FollowedSqlite(path);
  const sessions = new SqliteRows("session", ["id", "time_updated"]);
  return () => {
    const rows = database.look((moment) => sessions.in(moment));
    return rows && [Number(rows.find(([id]) => id === "ses_9")?.[1]), rows.length];
  };
}

async function log(): Promise<Buffer> {
  return await readFile(`${STORE}-wal`);
}

async function put(bytes: Buffer): Promise<void> {
  await writeFile(`${path}-wal`, bytes);
}

test("a log that grows is followed from commit to commit, wherever its writer is just now", async () => {
  const whole = await log();
  const look = follow();
  const seen: string[] = [];
  expect(look()).toEqual(BEFORE);
  for (let length = 0; length <= whole.length; length += 8) {
    await put(whole.subarray(0, length));
    // A log whose beginning is only half there is none.
    const told = JSON.stringify(look());
    if (seen.at(-1) !== told) seen.push(told);
  }
  expect(seen).toEqual([BEFORE, UPDATED, ALL].map((told) => JSON.stringify(told)));
});

test("what was damaged, or is only half written over what was there, counts for nothing, and so does all behind it", async () => {
  const whole = await log();
  // In the first frame's page, and in the heads of both commits.
  for (const [at, told] of [
    [LOG_HEAD + 24 + 300, BEFORE],
    [LOG_HEAD + 3, BEFORE],
    [LOG_HEAD + 20, BEFORE],
    [LOG_HEAD + FRAME + 10, UPDATED],
    [LOG_HEAD + FRAME + 24 + 100, UPDATED],
  ] as const) {
    const damaged = Buffer.from(whole);
    damaged.writeUInt8((damaged[at] ?? 0) ^ 1, at);
    await put(damaged);
    expect([at, follow()()]).toEqual([at, told]);
  }
  await put(Buffer.concat([whole, whole.subarray(LOG_HEAD)]));
  expect(follow()()).toEqual(ALL);
});

test("a log that begins in no known way says nothing of the database either", async () => {
  const whole = await log();
  for (const at of [0, 4, 10, 17, 27]) {
    const other = Buffer.from(whole);
    other.writeUInt8((other[at] ?? 0) ^ 1, at);
    await put(other);
    expect([at, follow()()]).toEqual([at, undefined]);
  }
});

test("a log that begins anew, with what was in it put into the database, is read anew", async () => {
  await put(await log());
  const look = follow();
  expect(look()).toEqual(ALL);
  // Its last writer has gone, and has put nothing into the database.
  await rm(`${path}-wal`);
  expect(look()).toEqual(BEFORE);
  await put((await log()).subarray(0, LOG_HEAD + FRAME));
  expect(look()).toEqual(UPDATED);
});

test("a look during which something is written is made anew, and one that never has its peace tells nothing", async () => {
  const whole = await log();
  await put(whole.subarray(0, LOG_HEAD + FRAME));
  const database = new FollowedSqlite(path);
  const sessions = new SqliteRows("session", ["id"]);
  let looks = 0;
  const count = (writes: (look: number) => void) => {
    looks = 0;
    return database.look((moment) => {
      const { length } = sessions.in(moment);
      looks += 1;
      writes(looks);
      return length;
    });
  };
  const growsOnce = (look: number) => look === 1 && writeFileSync(`${path}-wal`, whole);
  expect([count(growsOnce), looks]).toEqual([41, 2]);
  const comesAndGoes = (look: number) =>
    look % 2 === 1 ? rmSync(`${path}-wal`) : copyFileSync(`${STORE}-wal`, `${path}-wal`);
  expect([count(comesAndGoes), looks]).toEqual([undefined, 3]);
  await rm(`${path}-wal`, { force: true });
  const isPutIn = (look: number) => look === 1 && writeFileSync(path, readFileSync(path));
  expect([count(isPutIn), looks]).toEqual([40, 2]);
});

test("a database of another kind is not looked at: without a log, in another encoding, or none at all", async () => {
  const look = follow();
  const database = await readFile(STORE);
  for (const [at, value] of [
    [18, 1],
    [19, 1],
    [59, 2],
    [0, 0],
  ] as const) {
    const other = Buffer.from(database);
    other.writeUInt8(value, at);
    await writeFile(path, other);
    expect([at, look()]).toEqual([at, undefined]);
  }
  await rm(path);
  expect(look()).toBeUndefined();
});
