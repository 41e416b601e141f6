import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isTrustedByName } from "../../src/trust/trusted-paths.js";

async function folder(): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "trusted-")));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, "sub"));
  await writeFile(join(root, "sub", "file"), "");
  return root;
}

const trusts = (path: string, ...list: readonly string[]): boolean =>
  isTrustedByName(path, { LOOPTRACE_TRUST: list.join(delimiter) });

test("a file, or a folder with all that is in it", async () => {
  const root = await folder();
  const file = join(root, "sub", "file");
  expect([trusts(file, file), trusts(file, "/x", root), trusts(file, `${root}/sub/`)]).toEqual([true, true, true]);
  expect(trusts(file, "/")).toBe(true);
  expect(trusts(file, "*")).toBe(true);
});

test("nothing else", async () => {
  const root = await folder();
  const file = join(root, "sub", "file");
  expect([trusts(file), trusts(file, ""), trusts(file, `${root}/su`), trusts(file, `${file}/x`)]).toEqual(
    Array(4).fill(false),
  );
  expect(isTrustedByName(file, {})).toBe(false);
});

test("under the name of a link or of what it leads to", async () => {
  const root = await folder();
  await symlink(join(root, "sub"), join(root, "link"));
  expect(trusts(join(root, "link", "file"), join(root, "sub"))).toBe(true);
  expect(trusts(join(root, "sub", "file"), join(root, "link"))).toBe(true);
});

test("a relative path would mean something else in every folder", () => {
  expect(() => trusts("/x", ".")).toThrow("LOOPTRACE_TRUST takes absolute paths");
});
