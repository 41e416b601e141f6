import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findRipgrep } from "../../../src/opencode/program/find-ripgrep.js";

const NAME = process.platform === "win32" ? "rg.exe" : "rg";

async function folderWith(mode: number, ...below: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ripgrep-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, ...below), { recursive: true });
  await writeFile(join(folder, ...below, NAME), "", { mode });
  return folder;
}

test("the first one on the PATH that can be started", async () => {
  const [closed, open] = [await folderWith(0o644), await folderWith(0o755)];
  const PATH = [closed, open].join(delimiter);
  expect(findRipgrep({ PATH, HOME: closed })).toBe(join(open, NAME));
});

test("else the one that opencode has downloaded", async () => {
  const home = await folderWith(0o755, ".cache", "opencode", "bin");
  expect(findRipgrep({ PATH: "", HOME: home })).toBe(join(home, ".cache", "opencode", "bin", NAME));
  const cache = await folderWith(0o755, "opencode", "bin");
  expect(findRipgrep({ XDG_CACHE_HOME: cache })).toBe(join(cache, "opencode", "bin", NAME));
  expect(findRipgrep({ PATH: "", HOME: home, XDG_CACHE_HOME: join(home, "none") })).toBeUndefined();
});
