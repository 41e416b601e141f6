import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolder } from "../../src/files/make-folder.js";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "make-folder-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("makes all that is missing, with its mode, and says where it began", async () => {
  const path = join(folder, "a/b/c");
  expect(await makeFolder(path, 0o700)).toBe(join(folder, "a"));
  for (const one of ["a", "a/b", "a/b/c"]) expect((await stat(join(folder, one))).mode & 0o777).toBe(0o700);
  expect(await makeFolder(path, 0o700)).toBeUndefined();
  expect(await makeFolder(join(path, "d"))).toBe(join(path, "d"));
});

test("takes a link to a folder for one", async () => {
  await mkdir(join(folder, "real"));
  await symlink(join(folder, "real"), join(folder, "link"));
  expect(await makeFolder(join(folder, "link"))).toBeUndefined();
});

test("several at once make the same one", async () => {
  const path = join(folder, "many/at/once");
  await Promise.all(Array.from({ length: 20 }, () => makeFolder(path)));
  expect((await stat(path)).isDirectory()).toBe(true);
});

test("a file in its place, or above it, is an error", async () => {
  await writeFile(join(folder, "file"), "");
  await expect(makeFolder(join(folder, "file"))).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolder(join(folder, "file/below"))).rejects.toMatchObject({ code: "ENOTDIR" });
});

test.runIf(process.platform === "linux")(
  "ends where new names are refused as if the upper folder were not there",
  async () => {
    await expect(makeFolder("/proc/no-such-folder/below")).rejects.toMatchObject({ code: "ENOENT" });
  },
);
