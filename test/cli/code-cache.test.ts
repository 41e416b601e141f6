import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CodeCache, openCodeCache } from "../../src/cli/code-cache.js";

let folder: string;
let cache: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "code-cache-"));
  cache = join(folder, "cache");
  await mkdir(cache);
  await writeFile(join(folder, "command-show.js"), "");
  await writeFile(join(folder, "sum.pack.js"), textOf("A"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** All of the same length: V8 takes the code of one for that of the other. */
const textOf = (letter: string): string => `exports.letter = () => "${letter}";`;

function open(env: Readonly<Record<string, string>> = {}, build = BUILD): CodeCache | undefined {
  return openCodeCache({ folder, build, argv: ["show", "x"], execArgv: [], env: { XDG_CACHE_HOME: cache, ...env } });
}

const BUILD = buildOf(1);

function buildOf(number: number): string {
  return String(number).padStart(16, "0");
}

/** What a file's function says, and whether code was kept at the end. */
function start(
  env?: Readonly<Record<string, string>>,
  build?: string,
): { readonly letter: unknown; readonly isKept: boolean } {
  const opened = open(env, build);
  if (!opened) throw new Error("there is no cache");
  return { letter: letterBy(opened), isKept: opened.keep(0) };
}

function letterBy(opened: CodeCache, name = "sum.pack.js"): unknown {
  const exports: { letter?: () => unknown } = {};
  opened.compile(join(folder, name))(exports, require, { exports }, name, folder);
  return exports.letter?.();
}

function codeFolder(build = BUILD, from = folder): string {
  const name = `${build}-${process.version}-${process.arch}-${crc32(from).toString(16)}`;
  return join(cache, "looptrace", "code", name);
}

const codeFile = (): string => join(codeFolder(), "show.code");

/**
 * Starts, and writes other code in the place of what was compiled, which the kept code is then said to be of: only who
 * runs kept code still says "A".
 */
async function startThenReplace(): Promise<void> {
  expect(start()).toEqual({ letter: "A", isKept: true });
  const path = join(folder, "sum.pack.js");
  await writeFile(path, textOf("B"));
  const { size, mtimeMs, ctimeMs, ino } = await stat(path);
  const summed = (await readFile(codeFile())).subarray(4);
  const end = summed.indexOf("\n");
  const [flags, ...entries] = JSON.parse(summed.toString("utf8", 0, end));
  const told = entries.map(([name, length]: readonly unknown[]) => [name, length, { size, mtimeMs, ctimeMs, ino }]);
  await writeSummed(Buffer.concat([Buffer.from(JSON.stringify([flags, ...told])), summed.subarray(end)]));
}

async function writeSummed(summed: Buffer): Promise<void> {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(summed));
  await writeFile(codeFile(), Buffer.concat([checksum, summed]));
}

test("what was compiled is kept when the command ends, for this user alone, and runs the next time", async () => {
  await startThenReplace();
  expect((await stat(codeFile())).mode & 0o777).toBe(0o600);
  expect((await stat(codeFolder())).mode & 0o777).toBe(0o700);
  expect(await readdir(codeFolder())).toEqual(["show.code"]);
  expect(start()).toEqual({ letter: "A", isKept: false });
});

test("a file that was written anew is compiled anew, also with the same length and time", async () => {
  const path = join(folder, "sum.pack.js");
  await utimes(path, 1_000, 1_000);
  start();
  await writeFile(path, textOf("B"));
  await utimes(path, 1_000, 1_000);
  expect(start()).toEqual({ letter: "B", isKept: true });
  expect(start()).toEqual({ letter: "B", isKept: false });
});

test("another build, another copy of it, and other options of Node.js have code of their own", async () => {
  await startThenReplace();
  expect(start({}, buildOf(2))).toEqual({ letter: "B", isKept: true });
  const options = { NODE_OPTIONS: "--max-old-space-size=4096" };
  expect(start(options)).toEqual({ letter: "B", isKept: true });
  expect(start(options)).toEqual({ letter: "B", isKept: false });
  const copy = join(folder, "copy");
  await mkdir(copy);
  await writeFile(join(copy, "command-show.js"), "");
  const opened = openCodeCache({
    folder: copy,
    build: BUILD,
    argv: ["show"],
    execArgv: [],
    env: { XDG_CACHE_HOME: cache },
  });
  expect(opened && letterBy(opened)).toBe("B");
  opened?.keep(0);
  expect(await readdir(codeFolder(BUILD, copy))).toEqual(["show.code"]);
});

test("each file that a command has loaded stays, whichever start has loaded it", async () => {
  start();
  await writeFile(join(folder, "other.js"), textOf("ü"));
  const second = open();
  expect(second && letterBy(second, "other.js")).toBe("ü");
  expect(second?.keep(0)).toBe(true);
  const third = open();
  expect(third && [letterBy(third), letterBy(third, "other.js"), third.keep(0)]).toEqual(["A", "ü", false]);
});

test.each([
  [
    "a changed bit",
    (bytes: Buffer) => bytes.fill(bytes.readUInt8(bytes.length - 40) ^ 4, bytes.length - 40, bytes.length - 39),
  ],
  ["a changed bit at its beginning", (bytes: Buffer) => bytes.fill(bytes.readUInt8(10) ^ 1, 10, 11)],
  ["a lost end", (bytes: Buffer) => bytes.subarray(0, -1)],
  ["no content", () => Buffer.alloc(0)],
  ["an end too many", (bytes: Buffer) => Buffer.concat([bytes, bytes])],
])("what has %s is not run, and made again", async (_, damage) => {
  await startThenReplace();
  await writeFile(codeFile(), damage(await readFile(codeFile())));
  expect(start()).toEqual({ letter: "B", isKept: true });
  expect(start()).toEqual({ letter: "B", isKept: false });
});

test.each([
  ["null", "null"],
  ["a list of something else", '["[\\"\\"]",1,null,["sum.pack.js"],["sum.pack.js",9,{"size":1}]]'],
  ["no JSON", "code"],
])("whose beginning is %s is not run", async (_, beginning) => {
  await startThenReplace();
  await writeSummed(Buffer.from(`${beginning}\n`));
  expect(start()).toEqual({ letter: "B", isKept: true });
});

test("a file that others can write or read is not run", async () => {
  await startThenReplace();
  await chmod(codeFile(), 0o604);
  expect(start().letter).toBe("B");
});

test("a link is not run", async () => {
  await startThenReplace();
  await rename(codeFile(), join(folder, "planted"));
  await symlink(join(folder, "planted"), codeFile());
  expect(start()).toEqual({ letter: "B", isKept: true });
});

test.each([["code"], ["looptrace"]])("where %s is a link nothing is run, written or removed", async (name) => {
  await startThenReplace();
  const place = name === "code" ? join(cache, "looptrace", "code") : join(cache, "looptrace");
  await rename(place, join(folder, "elsewhere"));
  await symlink(join(folder, "elsewhere"), place);
  const names = await readdir(join(folder, "elsewhere"), { recursive: true });
  expect(start()).toEqual({ letter: "B", isKept: false });
  expect(start({}, buildOf(2))).toEqual({ letter: "B", isKept: false });
  expect(await readdir(join(folder, "elsewhere"), { recursive: true })).toEqual(names);
});

test("a folder that others can write into is not used", async () => {
  await startThenReplace();
  await chmod(codeFolder(), 0o770);
  expect(start()).toEqual({ letter: "B", isKept: false });
});

test("in a cache that others can write into nothing is used", async () => {
  await startThenReplace();
  await chmod(cache, 0o777);
  expect(start()).toEqual({ letter: "B", isKept: false });
});

const isRoot = process.geteuid?.() === 0;

test.runIf(isRoot)("a file of another user's is not run", async () => {
  await startThenReplace();
  await chown(codeFile(), 12_345, 12_345);
  expect(start().letter).toBe("B");
});

test.runIf(isRoot)("what stands in a folder of another user's is not run, and nothing is written there", async () => {
  await startThenReplace();
  await chown(codeFolder(), 12_345, 12_345);
  expect(start()).toEqual({ letter: "B", isKept: false });
});

test.runIf(isRoot)("in a cache of another user's nothing is made", async () => {
  await chown(cache, 12_345, 12_345);
  expect(start()).toEqual({ letter: "A", isKept: false });
  expect(await readdir(cache)).toEqual([]);
});

test("where it is not wanted nothing is read or kept, in CI nothing kept, after an interruption neither", async () => {
  expect(open({ NODE_DISABLE_COMPILE_CACHE: "1" })).toBeUndefined();
  expect(open({ NODE_V8_COVERAGE: "coverage" })).toBeUndefined();
  expect(start({ CI: "true" }).isKept).toBe(false);
  const interrupted = open();
  expect(interrupted && [letterBy(interrupted), interrupted.keep(130)]).toEqual(["A", false]);
  expect(await readdir(cache)).toEqual([]);
  expect(start({ CI: "false" }).isKept).toBe(true);
});

test("a disk that takes nothing is no fault of the command", async () => {
  await rm(cache, { recursive: true });
  await writeFile(cache, "no folder");
  expect(start()).toEqual({ letter: "A", isKept: false });
});

test("code is below the user's home where nothing else is named, and the folder for it is made", async () => {
  const home = join(folder, "home");
  await mkdir(home);
  expect(start({ XDG_CACHE_HOME: "relative", HOME: home }).isKept).toBe(true);
  expect(await readdir(home)).toEqual([process.platform === "darwin" ? "Library" : ".cache"]);
});

test("the folders of the last three other builds stay, and whatever is not looptrace's", async () => {
  for (const number of [1, 2, 3, 4, 5]) {
    start({}, buildOf(number));
    await utimes(codeFolder(buildOf(number)), number, number);
  }
  const around = join(cache, "looptrace", "code");
  for (const name of ["documents", "v20.20.2", buildOf(9)]) {
    await mkdir(join(around, name));
    await utimes(join(around, name), 0, 0);
  }
  start({}, buildOf(6));
  const kept = (await readdir(around)).map((name) => name.replace(/^0+(\d)-v.*/, "$1"));
  expect(kept.sort()).toEqual([buildOf(9), "3", "4", "5", "6", "documents", "v20.20.2"].sort());
});

test("what a killed command has left of a file goes in time", async () => {
  start();
  for (const name of ["show.code.123", "show.code.124", "notes.code.txt"])
    await writeFile(join(codeFolder(), name), "");
  for (const name of ["show.code.123", "notes.code.txt"]) await utimes(join(codeFolder(), name), 1, 1);
  await writeFile(join(folder, "sum.pack.js"), textOf("B"));
  expect(start()).toEqual({ letter: "B", isKept: true });
  expect(await readdir(codeFolder())).toEqual(["notes.code.txt", "show.code", "show.code.124"]);
});

test("words that are no command share a file", async () => {
  for (const word of ["shwo", "../../x", "--verbose"]) {
    const opened = openCodeCache({ folder, build: BUILD, argv: [word], execArgv: [], env: { XDG_CACHE_HOME: cache } });
    expect(opened && letterBy(opened)).toBe("A");
    opened?.keep(0);
  }
  expect(await readdir(codeFolder())).toEqual(["other.code"]);
});
