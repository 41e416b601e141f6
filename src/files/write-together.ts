import { closeSync, fsync, openSync, renameSync, writeSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { syncFolder, temporaryPath, writeNew, writeUnsynced, writeWhole } from "./private-files.js";

/** A file that is to be there whole or not at all. */
export interface FileToWrite {
  readonly path: string;
  readonly text: string;
  /** Whether it is on the disk before it is in its place. */
  readonly isSynced: boolean;
}

/** So many are written at once: each is open meanwhile. */
const AT_ONCE = 16;
/** What is shorter, in UTF-16 units, is written sooner than a thread for the disk is asked to. */
export const SHORT = 128 * 1024;

const synced = promisify(fsync);

/**
 * Writes files (0600) of one folder so that each is there whole or not at all, also after a crash of the machine where
 * it is synced. They are written side by side, and put in place one after the other, in their order, when all of them
 * are written: who is killed before has put none of them there, and later the first ones. Where they cannot be written
 * so, since the disk or the table of open files is full, they are written one after the other: what comes first is
 * there if there is room for it.
 *
 * What is short is written, and given to the disk, before this returns for the first time: who then has something to
 * compute does it while the disk is at work.
 *
 * @param lasting whether the folder is synced as well: then all of them outlast a crash
 * @throws the file system's error, for instance ENOSPC; what is in its place by then stays, and nothing else
 */
export async function writeTogether(files: readonly FileToWrite[], lasting: boolean): Promise<void> {
  const [first] = files;
  if (!first) return;
  const temporary = await writeAside(files).catch(() => undefined);
  if (temporary) await putInPlace(files, temporary);
  else
    for (const { path, text, isSynced } of files)
      await (isSynced ? writeWhole(path, text, false) : writeUnsynced(path, text));
  if (lasting) await syncFolder(dirname(first.path));
}

/** @returns where they stand now; where one of them cannot be written none does */
async function writeAside(files: readonly FileToWrite[]): Promise<readonly string[]> {
  const temporary = files.map(({ path }) => temporaryPath(path));
  try {
    for (let from = 0; from < files.length; from += AT_ONCE) {
      const some = files.slice(from, from + AT_ONCE);
      const ends = await Promise.allSettled(some.map((file, at) => writeOne(temporary[from + at] ?? "", file)));
      // Not before all of them have ended: what is removed would be made again.
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    }
    return temporary;
  } catch (error) {
    await removeAll(temporary);
    throw error;
  }
}

async function putInPlace(files: readonly FileToWrite[], temporary: readonly string[]): Promise<void> {
  let placed = 0;
  try {
    for (const { path } of files) {
      renameSync(temporary[placed] ?? "", path);
      placed += 1;
    }
  } catch (error) {
    await removeAll(temporary.slice(placed));
    throw error;
  }
}

async function removeAll(paths: readonly string[]): Promise<void> {
  await Promise.all(paths.map((path) => unlink(path).catch(() => undefined)));
}

async function writeOne(path: string, { text, isSynced }: FileToWrite): Promise<void> {
  if (text.length > SHORT) return await writeNew(path, text, isSynced);
  const file = openSync(path, "wx", 0o600);
  try {
    const bytes = Buffer.from(text);
    // A disk that fills up half-way is told by the next write only.
    for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at);
    if (isSynced) await synced(file);
  } finally {
    closeSync(file);
  }
}
