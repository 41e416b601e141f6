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
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What is known of a file's code. */
interface Kept {
  /** Of the file that it was compiled of: of two with the same length V8 sees no difference. */
  readonly size: number;
  readonly mtimeMs: number;
  readonly code: Buffer;
}

/** So many folders of other builds and other versions of Node.js stay. */
const OTHERS_KEPT = 3;
/** Exit codes from here on tell of signals. */
const INTERRUPTED = 128;
/** A file begins with the CRC-32 of all that follows: a line of JSON that says what it holds, and the code. */
const CHECKSUM_BYTES = 4;
const NEWLINE = 10;

/**
 * @returns undefined where code is not to be kept: by `NODE_DISABLE_COMPILE_CACHE`, which Node.js has for its own
 *   cache, while coverage is measured, and where no folder belongs to the user alone
 */
export function openCodeCache({ folder, build, argv, env }: CodeCacheOptions): CodeCache | undefined {
  const uid = process.geteuid?.();
  if (uid === undefined || env.NODE_DISABLE_COMPILE_CACHE || env.NODE_V8_COVERAGE) return undefined;
  const base = cacheFolder(env);
  if (base === undefined) return undefined;
  const home = join(base, "looptrace", "code", `${build}-${process.version}-${process.arch}`);
  const word = argv[0] ?? "";
  const isCommand = /^[a-z-]+$/.test(word) && existsSync(join(folder, `command-${word}.js`));
  const file = join(home, `${isCommand ? word : "other"}.code`);
  const flags = JSON.stringify([...process.execArgv, env.NODE_OPTIONS ?? ""]);
  const kept = isOwnFolder(home, uid) ? readKept(file, uid, flags) : new Map<string, Kept>();
  const compiled = new Map<string, { readonly script: Script; readonly size: number; readonly mtimeMs: number }>();
  const write = (): boolean => {
    const all = new Map(kept);
    for (const [name, { script, size, mtimeMs }] of compiled)
      all.set(name, { size, mtimeMs, code: script.createCachedData() });
    if (!makeOwnFolder(base, home, uid)) return false;
    writeKept(file, flags, all);
    removeOthers(home);
    return true;
  };
  let isNew = false;
  return {
    compile: (path) => {
      const name = basename(path);
      const { size, mtimeMs } = statSync(path);
      const found = kept.get(name);
      const isSame = found?.size === size && found.mtimeMs === mtimeMs;
      // Packs are ASCII, and read as such in half the time.
      const text = readFileSync(path, path.endsWith(".pack.js") ? "latin1" : "utf8");
      const script = new Script(`(function (exports, require, module, __filename, __dirname) { ${text}\n})`, {
        filename: path,
        ...(isSame ? { cachedData: found.code } : {}),
      });
      isNew ||= !isSame || script.cachedDataRejected === true;
      compiled.set(name, { script, size, mtimeMs });
      return script.runInThisContext();
    },
    // A CI's machine is thrown away.
    keep: (exitCode) => isNew && !env.CI && exitCode < INTERRUPTED && attempt(write) === true,
  };
}

/** The folder for what can be made again, by the XDG base directory specification, or as Macs have it. */
function cacheFolder(env: CodeCacheOptions["env"]): string | undefined {
  const named = env.XDG_CACHE_HOME;
  if (named !== undefined && isAbsolute(named)) return named;
  const home = env.HOME || attempt(homedir);
  if (home === undefined || !isAbsolute(home)) return undefined;
  return process.platform === "darwin" ? join(home, "Library", "Caches") : join(home, ".cache");
}

/**
 * Whether a folder belongs to the user, and nobody else may write into it. It is never a link: what another user has
 * put together of somebody's own folders is not what looptrace wrote.
 */
function isOwnFolder(path: string, uid: number): boolean {
  const found = attempt(() => lstatSync(path));
  return found?.isDirectory() === true && found.uid === uid && (found.mode & 0o022) === 0;
}

/** Makes the folder for code. Where `sudo` has left the user's home to root, nothing is made in it. */
function makeOwnFolder(base: string, home: string, uid: number): boolean {
  const around = existsSync(base) ? base : dirname(base);
  if (attempt(() => statSync(around))?.uid !== uid) return false;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  return isOwnFolder(home, uid);
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
    const [name, size, mtimeMs, length]: unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof name !== "string" || typeof size !== "number" || typeof mtimeMs !== "number") continue;
    if (typeof length !== "number") continue;
    kept.set(name, { size, mtimeMs, code: summed.subarray(from, from + length) });
    from += length;
  }
  return kept;
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
  const index = [...all].map(([name, { size, mtimeMs, code }]) => [name, size, mtimeMs, code.length]);
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

/** Removes the folders of builds and versions of Node.js that were there before, but for the last ones. */
function removeOthers(home: string): void {
  const around = dirname(home);
  const others = readdirSync(around).filter((name) => name !== basename(home));
  const madeAt = (name: string): number => attempt(() => statSync(join(around, name)))?.mtimeMs ?? 0;
  const newestFirst = others.map((name) => ({ name, at: madeAt(name) })).sort((one, other) => other.at - one.at);
  for (const { name } of newestFirst.slice(OTHERS_KEPT)) rmSync(join(around, name), { recursive: true, force: true });
}

/** Whatever is wrong with the cache, the command does without. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
