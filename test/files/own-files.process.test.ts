import { execFileSync, spawn } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import {
  appendToOwnFile,
  appendToOwnFileNow,
  isOwnFolder,
  openOwnFile,
  openRegularFile,
  readNamedFile,
  readOwnText,
  readOwnTextNow,
} from "../../src/files/own-files.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "own-files-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

/** Makes what is not to be read. @returns its path */
const PLANTED: Record<string, (path: string) => Promise<unknown> | unknown> = {
  "a link": async (path) => {
    await writeFile(`${path}.target`, "elsewhere");
    await symlink(`${path}.target`, path);
  },
  "a link to nowhere": (path) => symlink("/nonexistent", path),
  "a link to a device": (path) => symlink("/dev/zero", path),
  "no regular file": (path) => execFileSync("mkfifo", [path]),
  "a folder": (path) => mkdir(path),
};

describe.each([
  ["openOwnFile", openOwnFile],
  ["readOwnText", readOwnText],
  ["appendToOwnFile", appendToOwnFile],
  ["readOwnTextNow", async (path: string) => readOwnTextNow(path, 1_000)],
  ["appendToOwnFileNow", async (path: string) => appendToOwnFileNow(path, "text")],
])("%s", (_, open) => {
  test.each(Object.entries(PLANTED))("refuses %s, and does not wait", async (what, plant) => {
    const path = join(folder, "planted");
    await plant(path);
    const said = {
      name: expect.stringMatching(/UnfitFileError|Error/),
      message: expect.stringContaining(path),
    };
    await expect(open(path)).rejects.toMatchObject(said);
    if (!what.includes(" to ") && what !== "a folder")
      await expect(open(path)).rejects.toMatchObject({
        name: "UnfitFileError",
        message: `${path} is not read: it is ${what}`,
      });
  });

  test("refuses another user's file", async () => {
    if (process.getuid?.() !== 0) return console.warn("not root: another user's file is not tried here");
    const path = join(folder, "other");
    await writeFile(path, "planted");
    await chown(path, 65_534, 65_534);
    await expect(open(path)).rejects.toThrow("it belongs to another user");
  });
});

test("what is longer is refused before it is read, also where it says that it is short", async () => {
  const path = join(folder, "long");
  await writeFile(path, "x".repeat(100));
  expect(await readOwnText(path, 100)).toBe("x".repeat(100));
  await expect(readOwnText(path, 99)).rejects.toThrow("it is longer than the 99 bytes that are read");
  await truncate(path, 3_000_000_000);
  await expect(readOwnText(path)).rejects.toThrow("it is longer than the 512 MB that are read");
  // Its size is said to be 0, and of a device less is read than of a file.
  await expect(readNamedFile("/dev/zero", 5_000_000)).rejects.toThrow("it is longer than the 1 MB that are read");
});

test("at once: what is appended follows what was there, and only so much is read", async () => {
  const path = join(folder, "receipts");
  expect(appendToOwnFileNow(path, "ä\n")).toBe(0);
  expect(appendToOwnFileNow(path, "b")).toBe(3);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(readOwnTextNow(path, 4)).toBe("ä\nb");
  expect(() => readOwnTextNow(path, 3)).toThrow("it is longer than the 3 bytes that are read");
  expect(() => appendToOwnFileNow(join(folder, "nowhere", "file"), "b")).toThrow("ENOENT");
});

test("an empty file, and one of several chunks, are read whole", async () => {
  const path = join(folder, "file");
  await writeFile(path, "");
  expect(await readOwnText(path)).toBe("");
  const text = "ä0123456789".repeat(300_000);
  await writeFile(path, text);
  expect(await readOwnText(path)).toBe(text);
});

test("of what a person names, links are followed and a pipe is read to its end", async () => {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  await symlink(path, join(folder, "link"));
  // Each part of it differs from the one before.
  const text = Array.from({ length: 50_000 }, (_, line) => `line ${line}\n`).join("");
  await writeFile(join(folder, "text"), text);
  const writer = spawn("sh", ["-c", 'cat "$0" > "$1"', join(folder, "text"), path]);
  onTestFinished(() => void writer.kill("SIGKILL"));
  expect((await readNamedFile(join(folder, "link"))).equals(Buffer.from(text))).toBe(true);
});

test("a regular file may be somebody else's and linked to, but no pipe", async () => {
  const path = join(folder, "log");
  await writeFile(path, "a log");
  await symlink(path, join(folder, "link"));
  const file = await openRegularFile(join(folder, "link"));
  expect(await file.readFile("utf8")).toBe("a log");
  await file.close();
  execFileSync("mkfifo", [join(folder, "pipe")]);
  await expect(openRegularFile(join(folder, "pipe"))).rejects.toThrow("it is no regular file");
});

test("appending makes a file for this user alone, and goes on with it", async () => {
  const path = join(folder, "new");
  for (const text of ["a", "b"]) {
    const file = await appendToOwnFile(path);
    await file.appendFile(text);
    expect((await file.stat()).mode & 0o777).toBe(0o600);
    await file.close();
  }
  expect(await readOwnText(path)).toBe("ab");
});

test("a folder is this user's own when nobody else can write to it and it is no link", async () => {
  expect(await isOwnFolder(folder)).toBe(true);
  await symlink(folder, join(folder, "link"));
  expect(await isOwnFolder(join(folder, "link"))).toBe(false);
  expect(await isOwnFolder(join(folder, "missing"))).toBe(false);
  for (const mode of [0o777, 0o770, 0o702]) {
    await chmod(folder, mode);
    expect(await isOwnFolder(folder)).toBe(false);
  }
  if (process.getuid?.() !== 0) return;
  await chmod(folder, 0o700);
  await chown(folder, 65_534, 65_534);
  expect(await isOwnFolder(folder)).toBe(false);
});
