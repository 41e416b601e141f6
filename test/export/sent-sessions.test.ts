import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isUnchanged, readSentSessions } from "../../src/export/sent-sessions.js";
import type { StorePaths } from "../../src/files/store-paths.js";
import { temporaryStore } from "../support/temporary-store.js";

const DESTINATIONS = [{ id: "one" }, { id: "two" }];
const SENT = { id: "ses_a", updated: 5, below: { ses_b: 4 }, as: "now" };

async function storeWithFolders(): Promise<StorePaths> {
  const paths = await temporaryStore();
  for (const { id } of DESTINATIONS) await mkdir(join(paths.sent, id), { recursive: true, mode: 0o700 });
  return paths;
}

const fileOf = (paths: StorePaths, id: string) => join(paths.sent, id, "sessions.jsonl");

test("what was noted is found again, and the last note of a session counts", async () => {
  const paths = await storeWithFolders();
  const first = await readSentSessions(paths, DESTINATIONS, "now");
  expect(first.find("ses_a")).toBeUndefined();
  first.note([SENT, { ...SENT, id: "ses_c" }]);
  first.note([{ ...SENT, updated: 9 }]);
  const second = await readSentSessions(paths, DESTINATIONS, "now");
  expect(second.find("ses_a")).toEqual({ ...SENT, updated: 9 });
  expect(second.find("ses_c")?.updated).toBe(5);
});

test("a session counts where all destinations have it, as it would be sent now", async () => {
  const paths = await storeWithFolders();
  (await readSentSessions(paths, DESTINATIONS.slice(0, 1), "now")).note([SENT]);
  expect((await readSentSessions(paths, DESTINATIONS, "now")).find("ses_a")).toBeUndefined();
  expect((await readSentSessions(paths, DESTINATIONS.slice(0, 1), "now")).find("ses_a")).toEqual(SENT);
  expect((await readSentSessions(paths, DESTINATIONS.slice(0, 1), "otherwise")).find("ses_a")).toBeUndefined();
  expect((await readSentSessions(paths, [], "now")).find("ses_a")).toBeUndefined();
});

test("damaged lines, and those cut off by a kill, count as not sent and harm no others", async () => {
  const paths = await storeWithFolders();
  for (const { id } of DESTINATIONS) await writeFile(fileOf(paths, id), '{"id":"ses_x"}\nnonsense\n{"id":"ses_a","upd');
  (await readSentSessions(paths, DESTINATIONS, "now")).note([SENT]);
  const known = await readSentSessions(paths, DESTINATIONS, "now");
  expect([known.find("ses_a"), known.find("ses_x")]).toEqual([SENT, undefined]);
});

test("a file of mostly old lines is written anew", async () => {
  const paths = await storeWithFolders();
  const line = `${JSON.stringify(SENT)}\n`;
  for (const { id } of DESTINATIONS) await appendFile(fileOf(paths, id), line.repeat(11_000));
  expect((await readSentSessions(paths, DESTINATIONS, "now")).find("ses_a")).toEqual(SENT);
  expect((await readFile(fileOf(paths, "one"), "utf8")).trim()).toBe(line.trim());
});

test("a session has changed when its list says so, or a session below it has another moment", () => {
  const moments = new Map([["ses_b", 4]]);
  const at = (id: string) => moments.get(id);
  expect(isUnchanged(SENT, 5, at)).toBe(true);
  expect(isUnchanged(SENT, 6, at)).toBe(false);
  expect(isUnchanged(SENT, undefined, at)).toBe(false);
  moments.set("ses_b", 5);
  expect(isUnchanged(SENT, 5, at)).toBe(false);
  moments.clear();
  expect(isUnchanged(SENT, 5, at)).toBe(false);
});
