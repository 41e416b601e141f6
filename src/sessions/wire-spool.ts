import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../errors/thrown.js";
import { isOwnFolder, readOwnText } from "../files/own-files.js";
import { namesIn as filesIn, removeIfThere } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import { linesOfSessions } from "../wire/lines-of-sessions.js";
import { fileOf, namesIn } from "./store-files.js";

/**
 * What looptrace's plugin writes in the opencodes that a person starts: `<root>/wire/<recording>.jsonl`, one file a
 * process, as it was sent. With a session that is kept, its part is masked and kept beside it; a file whose process is
 * no more, and all of which is kept, goes.
 */
export interface SpooledWire {
  /** The lines of the sessions. */
  readonly text: string;
  /** The files that they came from. */
  readonly files: readonly string[];
}

/** The plugin writes no longer ones. */
const MOST_BYTES = 64 * 1024 * 1024;
const FILE = /^(\d+)-[\da-z]+\.jsonl$/;
const SESSION = /"(?:session|parent)":"(ses_[^"\\]{1,100})"/g;

/** Which sessions a file is about, as long as it does not grow. */
const known = new Map<string, { readonly print: string; readonly ids: ReadonlySet<string> }>();

/**
 * What the plugin has recorded of some sessions and of those below them. Never throws: a file that is none of ours, or
 * cannot be read, is as if it were not there.
 *
 * @returns undefined where there is nothing
 */
export async function spooledWire(paths: StorePaths, sessionIds: readonly string[]): Promise<SpooledWire | undefined> {
  const folder = spoolOf(paths);
  if (!(await isOwnFolder(folder))) return undefined;
  const texts: string[] = [];
  const files: string[] = [];
  for (const name of await filesIn(folder).catch(() => [])) {
    if (!FILE.test(name)) continue;
    const text = await linesIn(join(folder, name), sessionIds).catch(() => "");
    if (text === "") continue;
    texts.push(text);
    files.push(name);
  }
  return texts.length === 0 ? undefined : { text: texts.join(""), files };
}

async function linesIn(path: string, sessionIds: readonly string[]): Promise<string> {
  const { size, mtimeMs } = await lstat(path);
  const print = `${size} ${mtimeMs}`;
  const before = known.get(path);
  if (before?.print === print && !sessionIds.some((id) => before.ids.has(id))) return "";
  const text = await wholeLines(path);
  const ids = new Set([...text.matchAll(SESSION)].map(([, id = ""]) => id));
  known.set(path, { print, ids });
  return sessionIds.some((id) => ids.has(id)) ? linesOfSessions(text, sessionIds, false) : "";
}

/** Its process may be in the midst of a line. */
async function wholeLines(path: string): Promise<string> {
  const text = await readOwnText(path, MOST_BYTES);
  return text.slice(0, text.lastIndexOf("\n") + 1);
}

/** A process of another container has an id that means nothing here. It is not silent for so long while it is used. */
const SILENT_MS = 60 * 60_000;
/** What belongs to no session that was ever looked at. */
const OLD_MS = 30 * 24 * 60 * 60_000;
/** The plugin stops at twice of it. */
const MOST_SPOOLED_BYTES = 256 * 1024 * 1024;

/**
 * Removes files of the plugin whose process is no more: those all of which is kept, those that are old, and the oldest
 * ones where they take too much room. Never throws.
 *
 * @param files those of which something was kept just now
 * @param now ms since the epoch
 */
export async function sweepSpool(paths: StorePaths, files: readonly string[], now = Date.now()): Promise<void> {
  try {
    const folder = spoolOf(paths);
    const found = await Promise.all(
      (await filesIn(folder)).map(async (name) => ({ name, facts: await lstat(join(folder, name)).catch(() => null) })),
    );
    const spooled = found
      .flatMap(({ name, facts }) => (FILE.test(name) && facts?.isFile() ? [{ name, ...facts }] : []))
      .sort((a, b) => a.mtimeMs - b.mtimeMs);
    let bytes = spooled.reduce((sum, { size }) => sum + size, 0);
    for (const { name, size, mtimeMs } of spooled) {
      const silentMs = now - mtimeMs;
      if (silentMs < SILENT_MS || isRunning(Number(FILE.exec(name)?.[1]))) continue;
      const isOver = silentMs > OLD_MS || bytes > MOST_SPOOLED_BYTES;
      if (!isOver && !(files.includes(name) && (await isKept(paths, name)))) continue;
      await removeIfThere(join(folder, name));
      known.delete(join(folder, name));
      bytes -= size;
    }
  } catch {
    // What stays does no harm.
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, "ESRCH");
  }
}

const OF_SESSION = /^\{"t":"request","n":(\d+),"at":[\d.]+,"session":"/gm;
const REQUEST = /^\{"t":"request","n":(\d+),/gm;
const END = /^\{"t":"end","n":(\d+),/gm;

/** Whether each request that names a session is kept beside one, with its end. */
async function isKept(paths: StorePaths, name: string): Promise<boolean> {
  const text = await wholeLines(join(spoolOf(paths), name));
  const ending = `.wire-${name}`;
  const kept = (await namesIn(paths)).filter((file) => file.endsWith(ending));
  const numbers = { requests: new Set<string>(), ends: new Set<string>() };
  for (const file of kept) {
    const own = await readOwnText(fileOf(paths, file.slice(0, -ending.length), ending.slice(1)));
    for (const [, n = ""] of own.matchAll(REQUEST)) numbers.requests.add(n);
    for (const [, n = ""] of own.matchAll(END)) numbers.ends.add(n);
  }
  const ended = new Set([...text.matchAll(END)].map(([, n = ""]) => n));
  return [...text.matchAll(OF_SESSION)].every(
    ([, n = ""]) => numbers.requests.has(n) && (!ended.has(n) || numbers.ends.has(n)),
  );
}

function spoolOf({ root }: StorePaths): string {
  return join(root, "wire");
}
