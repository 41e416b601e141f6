import { join } from "node:path";
import { z } from "zod";
import { readOwnText } from "../files/own-files.js";
import { ensurePrivateFolder, writeWhole } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import { isSessionId } from "../opencode/session.js";

const MOST_BYTES = 4 * 1024 * 1024;

/** The ids of the sessions that `looptrace ls` has printed last, in its order. */
const lastList = z.array(z.string().refine(isSessionId));

/** Remembers which session has which number. Never throws: without it numbers are those of a list of all. */
export async function rememberList({ root }: StorePaths, ids: readonly string[]): Promise<void> {
  try {
    await ensurePrivateFolder(root, join(root, "catalog"));
    await writeWhole(fileIn(root), JSON.stringify(ids), false);
  } catch {
    // A full or read-only disk is no reason not to list.
  }
}

/** @returns undefined where no list was printed yet */
export async function lastListed({ root }: StorePaths): Promise<readonly string[] | undefined> {
  try {
    return lastList.parse(JSON.parse(await readOwnText(fileIn(root), MOST_BYTES)));
  } catch {
    return undefined;
  }
}

function fileIn(root: string): string {
  return join(root, "catalog", "last-list.json");
}
