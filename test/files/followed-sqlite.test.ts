import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, open, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { FollowedSqlite } from "../../src/files/followed-sqlite.js";
import { SqliteRows } from "../../src/files/sqlite-rows.js";
import { checkpointed, commitsOf, indexOf, logOf, withTime } from "./sqlite/logs.js";

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

function follow(at = path): () => Told {
  const updated = followed(at);
  return () => {
    const rows = updated();
    return rows && [rows.get("ses_9"), rows.size];
  };
}

/** Tells when each session was updated. */
function followed(at = path): () => ReadonlyMap<string, number> | undefined {
  const database = new FollowedSqlite(at);
  const sessions = new SqliteRows("session", ["id", "time_updated"]);
  return () => {
    const rows = database.look((moment) => sessions.in(moment));
    return rows && new Map(rows.map(([id, updated]) => [String(id), Number(updated)]));
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

test("a log that is taken away and put back is read anew", async () => {
  await put(await log());
  const look = follow();
  expect(look()).toEqual(ALL);
  await rm(`${path}-wal`);
  expect(look()).toEqual(BEFORE);
  await put((await log()).subarray(0, LOG_HEAD + FRAME));
  expect(look()).toEqual(UPDATED);
});

/** Writes over the beginning of a file, as SQLite does when it begins its log anew: what was behind stays there. */
async function overwrite(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, "r+");
  await handle.write(bytes, 0, bytes.length, 0);
  await handle.close();
}

test("a log that begins anew in the same file, with what was in it put into the database, is read anew", async () => {
  await put(await log());
  const look = followed();
  expect(look()?.get("ses_9")).toBe(AT + 3_600_000);
  const whole = checkpointed(await readFile(path), commitsOf(await log()));
  // The page that the last log began with, again: it stands where it stood.
  const again = withTime(whole, AT + 3_600_000, AT + 3_700_000);
  expect(again.page).toBe(commitsOf(await log())[0]?.[0]?.page);
  await overwrite(path, whole);
  await overwrite(`${path}-wal`, logOf([[again]], { salt: 2 }));
  expect([look()?.get("ses_9"), look()?.size]).toEqual([AT + 3_700_000, 41]);
  // Another page stands there now, and that one is in the database.
  const since = checkpointed(whole, [[again]]);
  const other = withTime(since, AT + 30_000, AT + 3_800_000);
  expect(other.page).not.toBe(again.page);
  await overwrite(path, since);
  await overwrite(`${path}-wal`, logOf([[other]], { salt: 3 }));
  const last = look();
  expect([last?.get("ses_9"), last?.get("ses_30"), last?.size]).toEqual([AT + 3_700_000, AT + 3_800_000, 41]);
});

test("a row that goes over several pages is read again when only the last of them has changed", async () => {
  const commits = [...commitsOf(await log())];
  await put(logOf(commits));
  const look = followed();
  expect(look()?.get("ses_20")).toBe(AT + 20_000);
  for (const updated of [AT + 3_700_000, AT + 3_800_000]) {
    // The title before it takes five pages.
    commits.push([withTime(await readFile(path), AT + 20_000, updated)]);
    await put(logOf(commits));
    expect([look()?.get("ses_20"), followed()()?.get("ses_20")]).toEqual([updated, updated]);
  }
});

test("a log whose sums are made of big-endian words is followed as well", async () => {
  const commits = commitsOf(await log());
  const look = follow();
  await put(logOf(commits.slice(0, 1), { isBig: true }));
  expect(look()).toEqual(UPDATED);
  await put(logOf(commits, { isBig: true }));
  expect(look()).toEqual(ALL);
});

test("the log of a database that is linked to stands beside that itself", async () => {
  const link = join(path, "..", "link.db");
  await symlink(path, link);
  const database = new FollowedSqlite(link);
  const look = follow(link);
  expect(look()).toEqual(BEFORE);
  const mark = database.mark();
  await put(await log());
  expect(look()).toEqual(ALL);
  expect(database.mark()).not.toBe(mark);
  // Elsewhere is the same one, without a log.
  const other = join(path, "..", "other");
  await mkdir(other);
  await copyFile(STORE, join(other, "store.db"));
  await symlink(join(other, "store.db"), `${link}-next`);
  await rename(`${link}-next`, link);
  expect(look()).toEqual(BEFORE);
});

test("a log that was put back as it was before, in which others have gone on, is read anew", async () => {
  const commits = commitsOf(await log());
  const [first = []] = commits;
  const other = withTime(await readFile(path), AT + 30_000, AT + 3_800_000);
  for (const length of [1, 2]) {
    await put(logOf(commits));
    const look = followed();
    expect([look()?.get("ses_9"), look()?.get("ses_30")]).toEqual([AT + 3_600_000, AT + 30_000]);
    await put(logOf([first, ...Array.from({ length }, () => [other])]));
    expect([look()?.get("ses_9"), look()?.get("ses_30"), look()?.size]).toEqual([AT + 3_600_000, AT + 3_800_000, 40]);
  }
});

test("of a log is not read what its index says is not committed, as long as that index is whole and of that log", async () => {
  const commits = commitsOf(await log());
  const [whole, before] = [logOf(commits), logOf(commits.slice(0, 1))];
  const index = indexOf(before);
  const looked = async (bytes: Buffer) => {
    await put(before);
    await rm(`${path}-shm`, { force: true });
    const look = follow();
    expect(look()).toEqual(UPDATED);
    await put(whole);
    await writeFile(`${path}-shm`, bytes);
    return look;
  };
  const look = await looked(index);
  expect(look()).toEqual(UPDATED);
  await writeFile(`${path}-shm`, indexOf(whole));
  expect(look()).toEqual(ALL);

  // The version, that it is in use, the number of frames, their sums, the salts, its own sums, and the second copy.
  for (const at of [0, 12, 16, 24, 28, 32, 36, 40, 44, 48 + 16]) {
    const damaged = Buffer.from(index);
    damaged.writeUInt8((damaged[at] ?? 0) ^ 1, at);
    expect([at, (await looked(damaged))()]).toEqual([at, ALL]);
  }
  expect((await looked(indexOf(logOf(commits.slice(0, 1), { salt: 2 }))))()).toEqual(ALL);
  expect((await looked(index.subarray(0, 95)))()).toEqual(ALL);
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
