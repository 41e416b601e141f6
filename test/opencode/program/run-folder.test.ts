import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { createRunFolder, readBounded } from "../../../src/opencode/program/run-folder.js";
import { sweepRunFolders } from "../../../src/opencode/program/sweep-run-folders.js";

const mode = async (path: string) => (await stat(path)).mode & 0o777;

test("everything in it is for this user only, and goes away with it", async () => {
  const folder = await createRunFolder();
  const files = await folder.streams("run", "the message");
  expect(basename(folder.path)).toMatch(/^looptrace-/);
  expect(await mode(folder.path)).toBe(0o700);
  expect(await mode(folder.temporary)).toBe(0o700);
  for (const file of Object.values(files)) expect(await mode(file)).toBe(0o600);
  expect(await readFile(files.stdin, "utf8")).toBe("the message");
  await folder.remove();
  expect(existsSync(folder.path)).toBe(false);
  await folder.remove();
});

test("what an agent left in the temporary folder is kept on request, opencode's own leftovers are not", async () => {
  const folder = await createRunFolder();
  await writeFile(join(folder.temporary, ".bcfbc55eff9dfbaf-00000000.so"), "a library");
  await mkdir(join(folder.temporary, "opencode"));
  await writeFile(join(folder.temporary, "report.txt"), "the agent's");
  expect(await folder.remove("keep-files")).toBe(folder.temporary);
  // Neither a second removal nor a later run takes it away.
  expect(await folder.remove()).toBeNull();
  await sweepRunFolders();
  expect((await readdir(folder.temporary)).sort()).toEqual(["opencode", "report.txt"]);
  expect((await readdir(folder.path)).sort()).toEqual(["kept", "tmp"]);
  await rm(folder.path, { recursive: true });
});

test("a folder is not kept for nothing", async () => {
  const folder = await createRunFolder();
  await writeFile(join(folder.temporary, ".bcfbc55eff9dfbaf-00000000.so"), "a library");
  await mkdir(join(folder.temporary, "opencode"));
  for (const cache of ["node-compile-cache", "tsx-0"]) {
    await mkdir(join(folder.temporary, cache, "v20"), { recursive: true });
    await writeFile(join(folder.temporary, cache, "v20", "entry"), "compiled");
  }
  expect(await folder.remove("keep-files")).toBeNull();
  expect(existsSync(folder.path)).toBe(false);
});

test("of a very long file the middle is left out, at ends of lines", async () => {
  const folder = await createRunFolder();
  try {
    const path = await folder.write("log", Array.from({ length: 100 }, (_, index) => `line ${index}\n`).join(""));
    const { size } = await stat(path);
    expect(await readBounded(path, size)).toBe(await readFile(path, "utf8"));
    const lines = (await readBounded(path, 60)).trimEnd().split("\n");
    expect(lines).toEqual([
      "line 0",
      "line 1",
      "line 2",
      "line 3",
      `[looptrace: ${size - 60} bytes left out here]`,
      "line 97",
      "line 98",
      "line 99",
    ]);
  } finally {
    await folder.remove();
  }
});
