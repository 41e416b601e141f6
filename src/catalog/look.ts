import { lstat } from "node:fs/promises";
import { z } from "zod";
import type { StorePaths } from "../files/store-paths.js";
import { isTurnAtWork } from "../sessions/run-owner.js";
import { storedFiles } from "../sessions/stored-files.js";
import { type KeptFiles, printOf } from "./read-kept.js";

/**
 * When the sessions' folder was changed last, as its file system tells: files are put there by renaming, which changes
 * it. Looking at it is one call, however many files there are.
 */
export const folderState = z.object({
  device: z.string(),
  inode: z.string(),
  changed: z.string(),
  modified: z.string(),
});
export type FolderState = z.infer<typeof folderState>;

/** What one look at the store told. */
export interface Look {
  readonly files: KeptFiles;
  /**
   * The folder's state before the look, if it tells that nothing was changed since; undefined where a later change may
   * leave the same state, or a turn is at work, whose end changes what is kept.
   */
  readonly state: FolderState | undefined;
}

/** Where times are this coarse (FAT: 2 s), a second change may leave the same time. */
const COARSE_MS = 2_000;
/** A clock that ticks for file systems, ms: the kernel's timer interrupt, 100 to 1,000 times a second. */
const TICK_MS = 20;
const NS_IN_MS = 1_000_000n;
const NS_IN_S = 1_000_000_000n;

/** @returns undefined where there is no folder */
export async function stateOf(paths: StorePaths): Promise<FolderState | undefined> {
  const found = await lstat(paths.sessions, { bigint: true }).catch(() => undefined);
  return (
    found && {
      device: String(found.dev),
      inode: String(found.ino),
      changed: String(found.ctimeNs),
      modified: String(found.mtimeNs),
    }
  );
}

export function isSameState(a: FolderState, b: FolderState): boolean {
  return a.device === b.device && a.inode === b.inode && a.changed === b.changed && a.modified === b.modified;
}

/**
 * Looks at all files of the store, and reads none of a session's.
 *
 * @throws the file system's error when the folder is there and cannot be read
 */
export async function lookAtStore(paths: StorePaths): Promise<Look> {
  const at = Date.now();
  const before = await stateOf(paths);
  const files = new Map<string, KeptFiles extends ReadonlyMap<string, infer File> ? File : never>();
  let isAtWork = false;
  for (const [id, file] of await storedFiles(paths)) {
    const owners: string[] = [];
    for (const name of file.owners) {
      const works = await isTurnAtWork(paths, name);
      isAtWork ||= works;
      owners.push(`${name} ${works}`);
    }
    files.set(id, { ...file, print: printOf(file.fingerprint, owners) });
  }
  return { files, state: before && !isAtWork && isSettled(before, at) ? before : undefined };
}

/** Whether a change after that moment would leave another state. @param at ms since the epoch */
function isSettled({ modified, changed }: FolderState, at: number): boolean {
  const latest = [BigInt(modified), BigInt(changed)].reduce((a, b) => (a > b ? a : b));
  const unit = latest % NS_IN_S === 0n ? COARSE_MS : TICK_MS;
  return at - Number(latest / NS_IN_MS) > unit;
}
