import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";

/**
 * Machine-independent code that Node.js has compiled of the command line's files, kept for the next start: a third of
 * the CPU time of a `show` goes into compiling what is the same each time.
 *
 * This file comes before all others and loads none of them: it has to be read and compiled itself.
 */
export interface CodeCache {
  /**
   * The code of a file as a function of CommonJS. `import()` is not for it: code that is kept knows no loader.
   *
   * @throws the file system's error where the file cannot be read, a SyntaxError where it cannot be compiled
   */
  readonly compile: (path: string) => Wrapper;
  /**
   * Keeps the code of this command's files where some had to be compiled, each with the functions that were called until
   * now: others V8 compiles when they are called. To be called when the process ends.
   *
   * @param exitCode what was interrupted has not come far, and keeps nothing
   * @returns whether it was written
   */
  readonly keep: (exitCode: number) => boolean;
}

type Wrapper = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: object },
  filename: string,
  dirname: string,
) => void;

export interface CodeCacheOptions {
  /** Where the command line's files are. */
  readonly folder: string;
  /** Names these files. */
  readonly build: string;
  /** As the command line got it: a file is kept for each command. */
  readonly argv: readonly string[];
  /** Node.js's own options. */
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Which file some code was compiled of: V8 sees no difference between two of one length. Who puts code into the cache
 * from afar, as by a repository that is cloned, can know neither its place on this disk nor when it came there.
 */
interface Source {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
}

interface Kept {
  readonly source: Source;
  readonly code: Buffer;
}

/** So many folders of other builds, copies and versions of Node.js stay. */
const OTHERS_KEPT = 3;
/** What looptrace calls them: nothing else is removed. */
const FOLDER = /^[0-9a-f]{16}-v\d+\.\d+\.\d+[\w.-]*-[0-9a-f]{1,8}$/;
/** What a command was writing when it was killed. */
const UNFINISHED = /^[\w-]+\.code\.\d+$/;
const LONG_AGO_MS = 60_000;
/** Exit codes from here on tell of signals. */
const INTERRUPTED = 128;
/** A file begins with the CRC-32 of all that follows: a line of JSON that says what it holds, and the code. */
const CHECKSUM_BYTES = 4;
const NEWLINE = 10;

/**
 * @returns undefined where code is not to be kept: by `NODE_DISABLE_COMPILE_CACHE`, which Node.js has for its own
 *   cache, while coverage is measured, and where no folder belongs to the user alone
 */
export function openCodeCache({ folder, build, argv, execArgv, env }: CodeCacheOptions): CodeCache | undefined {
  const uid = process.geteuid?.();
  if (uid === undefined || env.NODE_DISABLE_COMPILE_CACHE || env.NODE_V8_COVERAGE) return undefined;
  const base = cacheFolder(env);
  if (base === undefined) return undefined;
  // Each copy of looptrace has code of its own, which goes by where its files are.
  const home = join(base, "looptrace", "code", `${build}-${process.version}-${process.arch}-${digestOf(folder)}`);
  const word = argv[0] ?? "";
  const isCommand = /^[a-z-]+$/.test(word) && existsSync(join(folder, `command-${word}.js`));
  const flags = JSON.stringify([...execArgv, env.NODE_OPTIONS ?? ""]);
  const file = join(home, `${isCommand ? word : "other"}${flags === NO_FLAGS ? "" : `-${digestOf(flags)}`}.code`);
  const kept = isOwn(base, home, uid) ? readKept(file, uid, flags) : new Map<string, Kept>();
  const compiled = new Map<string, { readonly script: Script; readonly source: Source }>();
  const write = (): boolean => {
    if (!makeOwn(base, home, uid)) return false;
    const all = new Map(kept);
    for (const [name, { script, source }] of compiled) all.set(name, { source, code: script.createCachedData() });
    removeUnfinished(home);
    writeKept(file, flags, all);
    removeOthers(home, uid);
    return true;
  };
  let isNew = false;
  return {
    compile: (path) => {
      const name = basename(path);
      const { size, mtimeMs, ctimeMs, ino } = statSync(path);
      const source = { size, mtimeMs, ctimeMs, ino };
      const found = kept.get(name);
      const isSame = found !== undefined && isSameSource(found.source, source);
      // Packs are ASCII, and read as such in half the time.
      const text = readFileSync(path, path.endsWith(".pack.js") ? "latin1" : "utf8");
      const script = new Script(`(function (exports, require, module, __filename, __dirname) { ${text}\n})`, {
        filename: path,
        ...(isSame ? { cachedData: found.code } : {}),
      });
      isNew ||= !isSame || script.cachedDataRejected === true;
      compiled.set(name, { script, source });
      return script.runInThisContext();
    },
    // A CI's machine is thrown away.
    keep: (exitCode) => isNew && !isOn(env.CI) && exitCode < INTERRUPTED && attempt(write) === true,
  };
}

const NO_FLAGS = '[""]';

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== "" && !/^(?:0|false|no|off)$/i.test(value);
}

function digestOf(text: string): string {
  return crc32(text).toString(16);
}

function isSameSource(one: Source, other: Source): boolean {
  return (
    one.size === other.size && one.mtimeMs === other.mtimeMs && one.ctimeMs === other.ctimeMs && one.ino === other.ino
  );
}

/** The folder for what can be made again, by the XDG base directory specification, or as Macs have it. */
function cacheFolder(env: CodeCacheOptions["env"]): string | undefined {
  const named = env.XDG_CACHE_HOME;
  if (named !== undefined && isAbsolute(named)) return named;
  const home = env.HOME || attempt(homedir);
  if (home === undefined || !isAbsolute(home)) return undefined;
  return process.platform === "darwin" ? join(home, "Library", "Caches") : join(home, ".cache");
}

/** Whether all folders from the user's cache on are the user's own. */
function isOwn(base: string, home: string, uid: number): boolean {
  const around = attempt(() => statSync(base));
  if (around === undefined || around.uid !== uid || (around.mode & 0o002) !== 0) return false;
  return [dirname(dirname(home)), dirname(home), home].every((folder) => isOwnFolder(folder, uid));
}

/**
 * Whether a folder belongs to the user, and nobody else may write into it. It is never a link: what another user has
 * put together of somebody's own folders is not what looptrace wrote, nor is what a link leads to looptrace's to remove.
 */
function isOwnFolder(path: string, uid: number): boolean {
  const found = attempt(() => lstatSync(path));
  return found?.isDirectory() === true && found.uid === uid && (found.mode & 0o022) === 0;
}

/** Makes the folder for code. Where `sudo` has left the user's home to root, nothing is made in it. */
function makeOwn(base: string, home: string, uid: number): boolean {
  const around = existsSync(base) ? base : dirname(base);
  if (attempt(() => statSync(around))?.uid !== uid) return false;
  // What is there already, and is a link or somebody else's, gets nothing.
  for (const folder of [base, dirname(dirname(home)), dirname(home), home]) {
    attempt(() => mkdirSync(folder, { mode: 0o700 }));
    if (folder !== base && !isOwnFolder(folder, uid)) return false;
  }
  return isOwn(base, home, uid);
}

/**
 * What is kept for a command, by the names of its files; nothing where the file is not as it was written. V8 checks
 * that code is of its own version and options, and not that it is whole: with a changed bit it can run for ever.
 */
function readKept(path: string, uid: number, flags: string): Map<string, Kept> {
  const bytes = attempt(() => readOwn(path, uid));
  const kept = new Map<string, Kept>();
  if (bytes === undefined || bytes.length < CHECKSUM_BYTES) return kept;
  const summed = bytes.subarray(CHECKSUM_BYTES);
  if (bytes.readUInt32LE(0) !== crc32(summed)) return kept;
  let from = summed.indexOf(NEWLINE) + 1;
  const index: unknown = attempt(() => JSON.parse(summed.toString("utf8", 0, from)));
  if (!Array.isArray(index) || index[0] !== flags) return kept;
  for (const entry of index.slice(1)) {
    const [name, length, source] = Array.isArray(entry) ? entry : [];
    if (typeof name !== "string" || typeof length !== "number" || !isSource(source)) continue;
    kept.set(name, { source, code: summed.subarray(from, from + length) });
    from += length;
  }
  return kept;
}

function isSource(value: unknown): value is Source {
  if (typeof value !== "object" || value === null) return false;
  return ["size", "mtimeMs", "ctimeMs", "ino"].every((name) => typeof Reflect.get(value, name) === "number");
}

/** @throws where it is not a file that only this user can have written and read */
function readOwn(path: string, uid: number): Buffer {
  // A pipe would have it wait for somebody who writes.
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(file);
    if (!found.isFile() || found.uid !== uid || (found.mode & 0o077) !== 0) throw new Error(`${path} is not mine`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** Written whole before it gets its name: several commands may write it at once. */
function writeKept(path: string, flags: string, all: ReadonlyMap<string, Kept>): void {
  const index = [...all].map(([name, { source, code }]) => [name, code.length, source]);
  const head = Buffer.from(`${JSON.stringify([flags, ...index])}\n`);
  const summed = Buffer.concat([head, ...[...all.values()].map(({ code }) => code)]);
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(summed));
  const beside = `${path}.${process.pid}`;
  try {
    writeFileSync(beside, Buffer.concat([checksum, summed]), { flag: "wx", mode: 0o600 });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Removes what was being written long ago. */
function removeUnfinished(home: string): void {
  for (const name of readdirSync(home).filter((one) => UNFINISHED.test(one))) {
    const path = join(home, name);
    if (Date.now() - statSync(path).mtimeMs > LONG_AGO_MS) rmSync(path);
  }
}

/** Removes the folders of builds, copies and versions of Node.js that were there before, but for the last ones. */
function removeOthers(home: string, uid: number): void {
  const around = dirname(home);
  const others = readdirSync(around)
    .filter((name) => name !== basename(home) && FOLDER.test(name))
    .map((name) => join(around, name))
    .filter((path) => isOwnFolder(path, uid))
    .map((path) => ({ path, at: statSync(path).mtimeMs }))
    .sort((one, other) => other.at - one.at);
  for (const { path } of others.slice(OTHERS_KEPT)) rmSync(path, { recursive: true, force: true });
}

/** Whatever is wrong with the cache, the command does without. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
