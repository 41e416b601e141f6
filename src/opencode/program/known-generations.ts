import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { attempt } from "../../errors/thrown.js";
import { readOwnTextNow } from "../../files/own-files.js";
import { ensurePrivateFolder, writeUnsynced } from "../../files/private-files.js";
import { storePaths } from "../../files/store-paths.js";
import { refuseUntrustedFolder } from "../../files/trusted-store.js";
import { isFields } from "../../text/json-fields.js";
import { LOOPTRACE_VERSION } from "../../version.js";
import type { Generation } from "./generation.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Below looptrace's own folder. */
const FILE = "programs.json";
const MOST_PROGRAMS = 16;
const MOST_BYTES = 64 * 1024;

/** What a native program begins with: ELF, and Mach-O of one processor and of several. */
const MAGIC: ReadonlySet<string> = new Set(["7f454c46", "cffaedfe", "cafebabe", "cafebabf"]);

/** A program that was asked once, and what it said. */
interface KnownProgram {
  /** What its file was, see `fileOfProgram`. */
  readonly file: string;
  readonly generation: Generation;
}

/**
 * The generation that a program was found to be by an earlier run: to ask it takes as long as opencode's own start.
 *
 * @param path absolute
 * @param environment says where looptrace keeps its files
 * @returns undefined where it was not asked, is another file now, or may start something else than itself
 */
export function knownGeneration(path: string, environment: Environment): Generation | undefined {
  const file = fileOfProgram(path);
  if (file === undefined) return undefined;
  return attempt(() => programsIn(storePaths(environment).root))?.find((one) => one.file === file)?.generation;
}

/**
 * Notes what a program has said it is, where that can be known another time. Never fails.
 *
 * @param file what `fileOfProgram` told before the program was asked: an update may have come meanwhile
 */
export async function noteGeneration(
  path: string,
  environment: Environment,
  generation: Generation,
  file: string | undefined,
): Promise<void> {
  if (file === undefined || file !== fileOfProgram(path)) return;
  try {
    const { root } = storePaths(environment);
    await ensurePrivateFolder(root, root);
    const others = (attempt(() => programsIn(root)) ?? []).filter((one) => one.file !== file);
    // Not synced: what is lost is asked again.
    await writeUnsynced(join(root, FILE), JSON.stringify([{ file, generation }, ...others].slice(0, MOST_PROGRAMS)));
  } catch {
    // It is asked again.
  }
}

/**
 * What a path leads to at this moment. An update puts another file there, which may be as long and, as packages are
 * unpacked, as old.
 *
 * @returns undefined where nothing can be read, and for what may start another program tomorrow without being another file: a script, a version
 *   manager's shim, and a program that goes by opencode's name only on the way to it (snap, volta, mise)
 */
export function fileOfProgram(path: string): string | undefined {
  return attempt(() => programOf(path));
}

/** @throws the file system's error */
function programOf(path: string): string | undefined {
  const real = realpathSync.native(path);
  const isShim = basename(dirname(path)) === "shims" || basename(dirname(real)) === "shims";
  if (isShim || !basename(real).startsWith("opencode") || !MAGIC.has(beginningOf(real))) return undefined;
  const { dev, ino, size, mtimeMs, ctimeMs } = statSync(real);
  // What a version means is this looptrace's word.
  return JSON.stringify([LOOPTRACE_VERSION, real, dev, ino, size, mtimeMs, ctimeMs]);
}

/** The first four bytes of a file, in hexadecimal. */
function beginningOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const into = Buffer.alloc(4);
    return into.toString("hex", 0, readSync(file, into, 0, into.length, 0));
  } finally {
    closeSync(file);
  }
}

/** @throws where there is no such file, or another user could have written it */
function programsIn(root: string): readonly KnownProgram[] {
  refuseUntrustedFolder(root, root);
  const noted: unknown = JSON.parse(readOwnTextNow(join(root, FILE), MOST_BYTES));
  if (!Array.isArray(noted)) return [];
  return noted.flatMap((one: unknown): KnownProgram[] => {
    if (!isFields(one)) return [];
    const { file, generation } = one;
    return typeof file === "string" && (generation === 1 || generation === 2) ? [{ file, generation }] : [];
  });
}
