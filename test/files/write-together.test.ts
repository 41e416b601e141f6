import { mkdir, readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeTogether } from "../../src/files/write-together.js";
import { temporaryStore } from "../support/temporary-store.js";

async function folder(): Promise<string> {
  const { root } = await temporaryStore();
  await mkdir(root, { recursive: true, mode: 0o700 });
  return root;
}

test("files are there whole, for the user alone, long ones and short ones, more than are written at once", async () => {
  const root = await folder();
  const long = "ä".repeat(300_000);
  const files = Array.from({ length: 40 }, (_, at) => ({
    path: join(root, `${String(at).padStart(2, "0")}.json`),
    text: at % 10 === 3 ? long : at === 5 ? "" : `{"at":${at}}`,
    isSynced: at % 2 === 0,
  }));
  await writeTogether(files, true);
  await writeTogether(files.slice(0, 3), false);
  await writeTogether([], true);
  expect((await readdir(root)).sort().map((name) => join(root, name))).toEqual(files.map(({ path }) => path));
  for (const { path, text } of files) {
    expect(await readFile(path, "utf8")).toBe(text);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  }
});

test("where one cannot be written those before it are there, those behind it are not, and nothing else is left", async () => {
  const root = await folder();
  const file = (name: string) => ({ path: join(root, name), text: name, isSynced: true });
  const b = { ...file("none/b"), isSynced: false };
  for (const nowhere of [b, { ...b, text: "b".repeat(200_000) }, { ...b, isSynced: true }]) {
    await expect(writeTogether([file("a"), nowhere, file("c")], true)).rejects.toThrow("ENOENT");
    expect(await readdir(root)).toEqual(["a"]);
    await unlink(join(root, "a"));
  }
});

test("they are put in place in their order: what stands behind one that cannot be is not there", async () => {
  const root = await folder();
  await mkdir(join(root, "b", "full"), { recursive: true });
  const files = ["a", "b", "c"].map((name) => ({ path: join(root, name), text: name, isSynced: true }));
  await expect(writeTogether(files, true)).rejects.toThrow();
  expect((await readdir(root)).sort()).toEqual(["a", "b"]);
});
