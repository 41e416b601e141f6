import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Catalog } from "../../src/catalog/catalog.js";
import type { StorePaths } from "../../src/files/store-paths.js";
import { startLooptrace } from "../support/cli.js";
import { keepFixture } from "../support/kept-store.js";
import { patiently } from "../support/patience.js";
import { temporaryStore } from "../support/temporary-store.js";

/** Enough for one process to wait for the other. */
const SESSIONS = 40;

async function filledStore(): Promise<{ readonly paths: StorePaths; readonly whole: object }> {
  const paths = await temporaryStore();
  const first = await keepFixture(paths, "plain-answer@1.18.33");
  const text = await readFile(join(paths.sessions, `${first}.json`), "utf8");
  for (let made = 1; made < SESSIONS; made += 1) {
    const id = `${first.slice(0, -2)}${String(made).padStart(2, "0")}`;
    if (id !== first) await writeFile(join(paths.sessions, `${id}.json`), text.replaceAll(first, id), { mode: 0o600 });
  }
  const { length } = (await readdir(paths.sessions)).filter((name) => name.endsWith(".json"));
  return { paths, whole: { read: 0, listed: length, found: length } };
}

function indexing({ root }: StorePaths) {
  return startLooptrace(["__index"], { env: { PATH: process.env.PATH, LOOPTRACE_HOME: root }, cwd: root });
}

/** What the index tells without reading a session. */
async function known(paths: StorePaths) {
  let read = 0;
  const onProgress = (_: number, total: number): void => {
    read = total;
  };
  const catalog = await Catalog.open({ paths, masking: {}, environment: null, onProgress });
  await catalog.refresh();
  const listed = catalog.sessions().length;
  const found = (await catalog.search("scripted session"))?.size;
  await catalog.close();
  return { read, listed, found };
}

test("two processes that make the index at once leave one that is whole", async () => {
  const { paths, whole } = await filledStore();
  const ends = await Promise.all([indexing(paths).ended, indexing(paths).ended]);
  const quiet = { code: 0, stdout: "", stderr: "" };
  expect(ends).toMatchObject([quiet, quiet]);
  expect(await known(paths)).toEqual(whole);
});

test("one that is killed at it leaves nothing that the next one stumbles over", async ({ expect }) => {
  const { paths, whole } = await filledStore();
  const { child, ended } = indexing(paths);
  // The lock is there once it has begun to read.
  const folder = join(paths.root, "catalog");
  const isAtWork = async (): Promise<boolean> => {
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    return names.some((name) => name.includes("reading"));
  };
  await expect.poll(isAtWork, { interval: 1, timeout: patiently(30_000) }).toBe(true);
  if (child.exitCode === null) child.kill("SIGKILL");
  await ended;
  expect(await indexing(paths).ended).toMatchObject({ code: 0, stderr: "" });
  expect(await known(paths)).toEqual(whole);
});
