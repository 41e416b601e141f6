import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bytesBelow } from "../../src/files/bytes-below.js";
import { temporaryStore } from "../support/temporary-store.js";

test("files in folders of folders count, links and folders themselves do not", async () => {
  const { root: folder } = await temporaryStore();
  await mkdir(folder, { recursive: true });
  await mkdir(join(folder, "a", "b"), { recursive: true });
  await writeFile(join(folder, "one"), "x".repeat(10));
  await writeFile(join(folder, "a", "b", "two"), "x".repeat(200));
  await symlink(join(folder, "a"), join(folder, "link"));
  await symlink(join(folder, "one"), join(folder, "link-to-one"));
  expect(await bytesBelow(folder)).toBe(210);
});

test("where there is no folder there is nothing, and of what is none it is not known", async () => {
  const { root: folder } = await temporaryStore();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "file"), "x");
  expect(await bytesBelow(join(folder, "missing"))).toBe(0);
  expect(await bytesBelow(join(folder, "file"))).toBeUndefined();
});
