import { appendFile, copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { type SeenStore, seenStores } from "../../../src/opencode/store/seen-store.js";

/** See `sqlite/make-messages.mjs`: every second message is an answer, and of those only the sixth is complete. */
const MESSAGES = fileURLToPath(new URL("../../files/sqlite/messages.db", import.meta.url));
/** See `sqlite/make-store.mjs`. */
const STORE = fileURLToPath(new URL("../../files/sqlite/store.db", import.meta.url));
const AT = Date.parse("2026-01-01T12:00:00Z");

async function storeHome(database?: string, name = "opencode.db"): Promise<{ HOME: string; folder: string }> {
  const home = await mkdtemp(join(tmpdir(), "seen-store-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const folder = join(home, ".local", "share", "opencode");
  await mkdir(folder, { recursive: true });
  if (database !== undefined)
    for (const end of ["", "-wal"]) await copyFile(`${database}${end}`, join(folder, `${name}${end}`));
  return { HOME: home, folder };
}

async function onlyStore(database: string): Promise<SeenStore> {
  const [store, ...others] = seenStores(await storeHome(database))();
  if (!store || others.length > 0) throw new Error("not one store");
  return store;
}

test("a session ends as its last message tells, where that is an answer, or a prompt whose parts can be seen", async () => {
  const store = await onlyStore(MESSAGES);
  for (let session = 0; session < 60; session += 1) {
    const last = session === 1 ? 12 : session % 12;
    const messageId = `msg_${session}_${last}`;
    const ended = { state: "at-rest", messageId, completedAt: AT + 9 };
    const end = last === 5 ? ended : { state: "at-work", messageId };
    // There are no parts here that could say that it is a notice.
    expect(store.endOf(`ses_${String((session * 7919) % 100_000).padStart(5, "0")}`)).toEqual(
      last % 2 === 1 ? end : undefined,
    );
  }
  expect(store.endOf("ses_none")).toEqual({ state: "at-rest", messageId: undefined, isEmpty: true });
});

test("a prompt is not answered, and what only people are shown tells nothing", async () => {
  const store = await onlyStore(STORE);
  const asked = (row: number) => ({ state: "unanswered", messageId: `msg_${row}`, askedAt: AT + row });
  expect(store.endOf("ses_1")).toEqual(asked(1));
  expect(store.endOf("ses_2")).toEqual(asked(2));
  expect(store.endOf("ses_3")).toBeUndefined();
  expect(store.endOf("ses_4")).toEqual(asked(4));
});

test("sessions are listed as opencode lists them: without subagents' and archived ones, the last updated first", async () => {
  const store = await onlyStore(STORE);
  const entry = (row: number, updated: number) => ({ id: `ses_${row}`, directory: `/project/${row % 3}`, updated });
  // The 7th is another's, the 8th is archived, the 9th was updated and the 41st begun in the log alone.
  expect(store.list(AT)?.slice(0, 3)).toEqual([
    entry(9, AT + 3_600_000),
    entry(41, AT + 3_500_000),
    entry(40, AT + 40_000),
  ]);
  expect(store.list(AT)?.map(({ id }) => id)).toHaveLength(39);
  expect(store.list(AT + 39_000)?.map(({ id }) => id)).toEqual(["ses_9", "ses_41", "ses_40", "ses_39"]);
  for (const left of ["ses_7", "ses_8"])
    expect(store.list(0)).not.toContainEqual(expect.objectContaining({ id: left }));
});

test("what opencode has otherwise than is known is not told: other columns, no messages, no database", async () => {
  // It has no directories.
  const sessions = fileURLToPath(new URL("../../files/sqlite/sessions.db", import.meta.url));
  const store = await onlyStore(sessions);
  expect([store.list(0), store.endOf("ses_00000")]).toEqual([undefined, undefined]);
  expect((await onlyStore(MESSAGES)).list(0)).toBeUndefined();
  expect(seenStores({ HOME: "/nonexistent" })()).toEqual([]);
});

test("each database that may be opencode's is one, as long as it is there, and has a mark that a change changes", async () => {
  const { HOME, folder } = await storeHome(MESSAGES);
  const stores = seenStores({ HOME });
  const [first] = stores();
  const mark = first?.mark();
  expect(stores()[0]?.mark()).toBe(mark);
  await copyFile(STORE, join(folder, "opencode-beta.db"));
  expect(stores()).toHaveLength(2);
  expect(stores()).toContain(first);
  await appendFile(join(folder, "opencode.db-wal"), "x");
  expect(first?.mark()).not.toBe(mark);
  await rm(join(folder, "opencode-beta.db"));
  expect(stores()).toEqual([first]);
});
