import { closeSync, mkdirSync, openSync, readdirSync, realpathSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { attempt, hasCode } from "../errors/thrown.js";
import { claimToken, isOwnerAlive, isOwnerStopped } from "./claim-token.js";
import { namesIn, sweepTemporaryFiles, temporaryPath } from "./private-files.js";

/** That its owner alone is at a file. */
export interface FileLock {
  /** @throws the file system's error */
  release(): Promise<void>;
}

const LOCK = /^\..+\.lock$/;

/** A lock may be taken between the look at it and the try, and be free at the next look. */
const TRIES = 10;

/** A process on another machine is told by how lately its file was touched. */
const TOUCH_EVERY_MS = 5 * 60_000;

/**
 * Claims a file that is free: of several that begin at the same moment, in this process or another, exactly one
 * gets it. What a process that is no more has left does not count, and is removed.
 *
 * The lock is a folder beside the file, `.<name>.lock`, in which a file's name says who has it. It comes into being
 * with its owner in it, by a rename, which fails where a folder is that is not empty; and a dead owner is removed by
 * name. So no process can take the lock of a living one for that of the dead one before, as with a file that is read
 * and then removed.
 *
 * The disk is asked at once: a thread for each of these small questions would take longer than the answers.
 *
 * @param path of a file that need not exist; its folder must
 * @returns undefined when another one has it
 * @throws the file system's error
 */
export async function lockFile(path: string): Promise<FileLock | undefined> {
  const real = attempt(() => realpathSync(path)) ?? join(realpathSync(dirname(path)), basename(path));
  const lock = join(dirname(real), `.${basename(real)}.lock`);
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    if (await isOwned(lock)) return undefined;
    if (take(lock)) return lockAt(lock);
  }
  return undefined;
}

/** Whether a lock is held by a process of this machine that has been stopped, as by Ctrl-Z. Never throws. */
export function isHolderStopped(path: string): boolean {
  const lock = join(dirname(path), `.${basename(path)}.lock`);
  return (attempt(() => ownersOf(lock)) ?? []).some(isOwnerStopped);
}

/** Removes the locks in a folder whose owners are no more. Never throws: what stays does no harm. */
export async function sweepLocks(folder: string): Promise<void> {
  // What was about to become one is a temporary folder.
  await sweepTemporaryFiles(folder).catch(() => {});
  for (const name of await namesIn(folder).catch(() => [])) {
    const path = join(folder, name);
    if (LOCK.test(name) && !(await isOwned(path).catch(() => true))) removeEmpty(path);
  }
}

/** @returns whether it was free */
function take(lock: string): boolean {
  const made = temporaryPath(lock);
  const own = join(made, claimToken());
  try {
    mkdirSync(made, { mode: 0o700 });
    closeSync(openSync(own, "w", 0o600));
    renameSync(made, lock);
    return true;
  } catch (error) {
    attempt(() => unlinkSync(own));
    removeEmpty(made);
    if (!isOccupied(error)) throw error;
    // Windows renames nothing to where a folder is, not even an empty one.
    removeEmpty(lock);
    return false;
  }
}

function isOccupied(error: unknown): boolean {
  if (hasCode(error, "ENOTEMPTY") || hasCode(error, "EEXIST")) return true;
  const isRename = error instanceof Error && "syscall" in error && error.syscall === "rename";
  return process.platform === "win32" && isRename && (hasCode(error, "EPERM") || hasCode(error, "EACCES"));
}

function lockAt(lock: string): FileLock {
  const own = join(lock, claimToken());
  const touching = setInterval(() => {
    const now = new Date();
    utimes(own, now, now).catch(() => undefined);
  }, TOUCH_EVERY_MS);
  touching.unref();
  return {
    release: async () => {
      clearInterval(touching);
      removeOwner(own);
      removeEmpty(lock);
    },
  };
}

/** Whether a living process has the lock, this one included. */
async function isOwned(lock: string): Promise<boolean> {
  for (const token of ownersOf(lock)) {
    const path = join(lock, token);
    if (await isOwnerAlive(token, path)) return true;
    removeOwner(path);
  }
  return false;
}

function ownersOf(lock: string): readonly string[] {
  try {
    return readdirSync(lock);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

function removeOwner(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** Where it is not empty, it has been taken; where it stays although it is, it is free nevertheless. */
function removeEmpty(lock: string): void {
  attempt(() => rmdirSync(lock));
}
