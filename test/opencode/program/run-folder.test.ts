import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { createRunFolder, readBounded } from "../../../src/opencode/program/run-folder.js";

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

afterEach(() => {
  vi.unstubAllEnvs();
});

test("where none can be made the error names TMPDIR, and what to do", async () => {
  const nowhere = join(tmpdir(), "looptrace-no-such-folder");
  vi.stubEnv("TMPDIR", nowhere);
  await expect(createRunFolder()).rejects.toThrow(
    expect.objectContaining({
      code: "configuration",
      setting: "TMPDIR",
      message: `No folder for temporary files can be made in ${nowhere}: it is not there, or a folder above it is not.\nMend that, or name another folder by TMPDIR.`,
    }),
  );
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
