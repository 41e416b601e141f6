import {
  chmod,
  chown,
  lchown,
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
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CodeCache, openCodeCache } from "../../src/cli/code-cache.js";

let folder: string;
let cache: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "code-cache-"));
  cache = join(folder, "cache");
  await mkdir(cache);
  await writeFile(join(folder, "command-show.js"), "");
  await writeUnseen("A");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** All of the same length: V8 takes the code of one for that of the other. */
const textOf = (letter: string): string => `exports.letter = () => "${letter}";`;

function open(env: Readonly<Record<string, string>> = {}, build = "b1"): CodeCache | undefined {
  return openCodeCache({ folder, build, argv: ["show", "x"], env: { XDG_CACHE_HOME: cache, ...env } });
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

const codeFolder = (build = "b1"): string =>
  join(cache, "looptrace", "code", `${build}-${process.version}-${process.arch}`);
const codeFile = (): string => join(codeFolder(), "show.code");

/** Code under the same length and time as before: only whoever runs kept code takes it for the same. */
async function writeUnseen(letter: string): Promise<void> {
  const path = join(folder, "sum.pack.js");
  await writeFile(path, textOf(letter));
  await utimes(path, 1_000, 1_000);
}

test("what was compiled is kept when the command ends, for this user alone, and runs the next time", async () => {
  expect(start()).toEqual({ letter: "A", isKept: true });
  expect((await stat(codeFile())).mode & 0o777).toBe(0o600);
  expect((await stat(codeFolder())).mode & 0o777).toBe(0o700);
  expect(await readdir(codeFolder())).toEqual(["show.code"]);
  await writeUnseen("B");
  expect(start()).toEqual({ letter: "A", isKept: false });
});

test("a file that was written anew is compiled anew", async () => {
  start();
  await writeUnseen("B");
  await utimes(join(folder, "sum.pack.js"), new Date(0), new Date(0));
  expect(start()).toEqual({ letter: "B", isKept: true });
  expect(start()).toEqual({ letter: "B", isKept: false });
});

test("another build, and other options of Node.js, have code of their own", async () => {
  start();
  await writeUnseen("B");
  expect(start({}, "b2")).toEqual({ letter: "B", isKept: true });
  expect(start({ NODE_OPTIONS: "--max-old-space-size=4096" })).toEqual({ letter: "B", isKept: true });
});

test("each file that a command has loaded stays, whichever start has loaded it", async () => {
  start();
  await writeFile(join(folder, "other.js"), textOf("ü"));
  const second = open();
  expect(second && letterBy(second, "other.js")).toBe("ü");
  expect(second?.keep(0)).toBe(true);
  await writeUnseen("B");
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
  start();
  await writeFile(codeFile(), damage(await readFile(codeFile())));
  await writeUnseen("B");
  expect(start()).toEqual({ letter: "B", isKept: true });
  expect(start()).toEqual({ letter: "B", isKept: false });
});

test("a file that others can write or read is not run", async () => {
  start();
  await writeUnseen("B");
  await chmod(codeFile(), 0o604);
  expect(start().letter).toBe("B");
});

test("a link is not run, nor is what stands in a folder that is one", async () => {
  start();
  await writeUnseen("B");
  await rename(codeFile(), join(folder, "planted"));
  await symlink(join(folder, "planted"), codeFile());
  expect(start().letter).toBe("B");
  await rename(codeFolder(), join(folder, "elsewhere"));
  await symlink(join(folder, "elsewhere"), codeFolder());
  await writeUnseen("C");
  expect(start()).toEqual({ letter: "C", isKept: false });
});

test("a folder that others can write into is not used", async () => {
  start();
  await writeUnseen("B");
  await chmod(codeFolder(), 0o770);
  expect(start()).toEqual({ letter: "B", isKept: false });
});

test.runIf(process.geteuid?.() === 0)(
  "what belongs to another user is not used, and nothing is made there",
  async () => {
    start();
    await writeUnseen("B");
    await chown(codeFile(), 12_345, 12_345);
    expect(start().letter).toBe("B");
    await rm(join(cache, "looptrace"), { recursive: true });
    await lchown(cache, 12_345, 12_345);
    expect(start()).toEqual({ letter: "B", isKept: false });
    expect(await readdir(cache)).toEqual([]);
  },
);

test("where it is not wanted nothing is read or kept, in CI nothing kept, after an interruption neither", async () => {
  expect(open({ NODE_DISABLE_COMPILE_CACHE: "1" })).toBeUndefined();
  expect(open({ NODE_V8_COVERAGE: "coverage" })).toBeUndefined();
  expect(start({ CI: "true" }).isKept).toBe(false);
  const interrupted = open();
  expect(interrupted && [letterBy(interrupted), interrupted.keep(130)]).toEqual(["A", false]);
  expect(await readdir(cache)).toEqual([]);
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

test("the folders of the last three other builds stay", async () => {
  for (const [index, build] of ["b1", "b2", "b3", "b4", "b5"].entries()) {
    start({}, build);
    await utimes(codeFolder(build), index, index);
  }
  start({}, "b6");
  const kept = await readdir(join(cache, "looptrace", "code"));
  expect(kept.map((name) => name.slice(0, 2)).sort()).toEqual(["b3", "b4", "b5", "b6"]);
});

test("words that are no command share a file", async () => {
  for (const word of ["shwo", "../../x", "--verbose"]) {
    const opened = openCodeCache({ folder, build: "b1", argv: [word], env: { XDG_CACHE_HOME: cache } });
    expect(opened && letterBy(opened)).toBe("A");
    opened?.keep(0);
  }
  expect(await readdir(codeFolder())).toEqual(["other.code"]);
});
