import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { storePathsAt } from "../../src/files/store-paths.js";
import { namesOfEach, namesOfMany } from "../../src/sessions/store-files.js";

const LONG_AGO = new Date(1_795_230_000_000 - 86_400_000);

async function emptyStore() {
  const root = await mkdtemp(join(tmpdir(), "looptrace-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return storePathsAt(root);
}

test("a store is listed once for all its sessions, and again when something has come to it", async () => {
  const paths = await emptyStore();
  const namesOf = (id: string) => namesOfEach(paths)(id);
  expect(await namesOf("ses_1")).toEqual([]);
  await mkdir(paths.sessions);
  const put = (name: string) => writeFile(join(paths.sessions, name), "");
  await put("ses_1.json");
  await put("ses_12.json");
  // Right after a change each look is at the folder itself.
  expect(await namesOf("ses_1")).toEqual(["ses_1.json"]);
  await put("ses_1.log");
  expect((await namesOf("ses_1")).toSorted()).toEqual(["ses_1.json", "ses_1.log"]);

  await utimes(paths.sessions, LONG_AGO, LONG_AGO);
  expect(await namesOf("ses_12")).toEqual(["ses_12.json"]);
  await put("ses_12.log");
  expect((await namesOf("ses_12")).toSorted()).toEqual(["ses_12.json", "ses_12.log"]);

  await utimes(paths.sessions, LONG_AGO, LONG_AGO);
  await namesOf("ses_1");
  await put("ses_3.json");
  await utimes(paths.sessions, LONG_AGO, LONG_AGO);
  // The folder says that it has not changed: it is not listed.
  expect(await namesOf("ses_3")).toEqual([]);
});

test("for many sessions the store is listed once, and again after a while: longer after a listing that took long", async () => {
  const paths = await emptyStore();
  await mkdir(paths.sessions);
  const put = (name: string) => writeFile(join(paths.sessions, name), "");
  await put("ses_1.json");
  let now = 0;
  const namesOf = namesOfMany(paths, () => now);
  const listing = namesOf("ses_1");
  // So long it takes.
  now = 1_000;
  expect(await listing).toEqual(["ses_1.json"]);
  await put("ses_2.json");
  now += 19_999;
  expect(await namesOf("ses_2")).toEqual([]);
  now += 1;
  expect(await namesOf("ses_2")).toEqual(["ses_2.json"]);
});
