import { statSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { stampOf } from "../../../src/opencode/warm/places.js";

test("a directory is another one when it is made anew, and when its repository is another", async () => {
  const folder = await mkdtemp(join(tmpdir(), "places-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const work = join(folder, "work");
  await mkdir(work);
  const stamps = [stampOf(work)];
  const next = async (change: () => Promise<unknown>): Promise<void> => {
    await change();
    stamps.push(stampOf(work));
  };
  await next(() => mkdir(join(folder, ".git/refs/heads"), { recursive: true }));
  await next(() => writeFile(join(folder, ".git/HEAD"), "ref: refs/heads/main\n"));
  await next(() => writeFile(join(folder, ".git/refs/heads/main"), "0".repeat(40)));
  await next(async () => {
    // Most file systems give it the number of the one before.
    const before = statSync(work).birthtimeMs;
    while (statSync(work).birthtimeMs === before) {
      await rm(work, { recursive: true });
      await mkdir(work);
    }
  });
  expect(new Set(stamps).size).toBe(5);
  await writeFile(join(work, "file.txt"), "changed");
  await writeFile(join(folder, ".git/refs/heads/main"), "1".repeat(40));
  expect(stampOf(work)).toBe(stamps.at(-1));
});
