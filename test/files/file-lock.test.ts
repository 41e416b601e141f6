import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { lockFile } from "../../src/files/file-lock.js";

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "looptrace-lock-"));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

test("one of several that begin at once has it, and another one when it is given back", async () => {
  const path = join(await folder(), "file");
  const locks = await Promise.all(Array.from({ length: 5 }, () => lockFile(path)));
  const [lock, ...others] = locks.filter((one) => one !== undefined);
  expect(others).toEqual([]);
  expect(await lockFile(path)).toBeUndefined();
  await lock?.release();
  const next = await lockFile(path);
  expect(next).toBeDefined();
  await next?.release();
});

test("a lock in which no owner stands is free", async () => {
  const made = await folder();
  await mkdir(join(made, ".file.lock"));
  const lock = await lockFile(join(made, "file"));
  expect(lock).toBeDefined();
  await lock?.release();
  expect(await readdir(made)).toEqual([]);
});
