import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as others } from "node:timers/promises";
import { attempt, hasCode } from "../errors/thrown.js";

/** After so many files others get their turn. */
const FILES_AT_ONCE = 1_000;

/**
 * How many bytes the files below a folder have; 0 when there is no such folder. A file that goes away meanwhile counts
 * as empty. The disk is asked at once: mostly there are a few files, and a thread takes longer for each.
 *
 * @returns undefined when it cannot be found out
 */
export async function bytesBelow(folder: string): Promise<number | undefined> {
  let sum = 0;
  let files = 0;
  const folders = [folder];
  try {
    for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
      for (const entry of entriesOf(path)) {
        if (entry.isDirectory()) folders.push(join(path, entry.name));
        if (!entry.isFile()) continue;
        sum += attempt(() => lstatSync(join(path, entry.name)))?.size ?? 0;
        files += 1;
        if (files % FILES_AT_ONCE === 0) await others();
      }
    }
    return sum;
  } catch {
    return undefined;
  }
}

function entriesOf(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}
