import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../errors/thrown.js";
import { readOwnText } from "../files/own-files.js";
import { removeIfThere } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import { pluginRecordingsFolder } from "../wire/plugin-recordings.js";
import { fileOf, namesIn } from "./store-files.js";

/** A process of another container has an id that means nothing here. It is not silent for so long while it is used. */
const SILENT_MS = 60 * 60_000;
/** The plugin writes no longer ones. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Removes recordings of the plugin all of which is kept beside sessions, and whose process is no more: they are not
 * masked. What is old goes elsewhere, see `plugin-recordings.ts`. Never throws: what stays does no harm.
 *
 * @param names of recordings of which something was kept just now
 * @param now ms since the epoch
 */
export async function clearRecordings(paths: StorePaths, names: readonly string[], now = Date.now()): Promise<void> {
  for (const name of names) {
    const path = join(pluginRecordingsFolder(paths.root), `${name}.jsonl`);
    try {
      const { mtimeMs } = await lstat(path);
      if (now - mtimeMs < SILENT_MS || isRunning(Number.parseInt(name, 10))) continue;
      if (await isKept(paths, name, await readOwnText(path, MOST_BYTES))) await removeIfThere(path);
    } catch {
      // It is gone already, or another one's.
    }
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
async function isKept(paths: StorePaths, name: string, text: string): Promise<boolean> {
  const ending = `wire-${name}.jsonl`;
  const kept = (await namesIn(paths)).filter((file) => file.endsWith(`.${ending}`));
  const texts = await Promise.all(
    kept.map((file) => readOwnText(fileOf(paths, file.slice(0, -ending.length - 1), ending), MOST_BYTES)),
  );
  const requests = numbersIn(texts, REQUEST);
  const ends = numbersIn(texts, END);
  const ended = numbersIn([text], END);
  return [...numbersIn([text], OF_SESSION)].every((n) => requests.has(n) && (!ended.has(n) || ends.has(n)));
}

function numbersIn(texts: readonly string[], pattern: RegExp): ReadonlySet<string> {
  return new Set(texts.flatMap((text) => Array.from(text.matchAll(pattern), ([, n = ""]) => n)));
}
