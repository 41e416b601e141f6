import { closeSync, fsync, openSync, renameSync, writeSync } from "node:fs";
import { open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { syncFolder, temporaryPath } from "./private-files.js";

/** A file that is to be there whole or not at all. */
export interface FileToWrite {
  readonly path: string;
  readonly text: string;
  /** Whether it is on the disk before it is in its place. */
  readonly isSynced: boolean;
}

/** So many are written at once: each is open meanwhile. */
const AT_ONCE = 16;
/** What is shorter is written sooner than a thread for the disk is asked to. */
const SHORT = 128 * 1024;

const synced = promisify(fsync);

/**
 * Writes files (0600) of one folder so that each is there whole or not at all, also after a crash of the machine where
 * it is synced. They are written side by side, and put in place one after the other, in their order, when all of them
 * are written: who is killed before has put none of them there, and later the first ones.
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
  const temporary = files.map(({ path }) => temporaryPath(path));
  let placed = 0;
  try {
    for (let from = 0; from < files.length; from += AT_ONCE) {
      const some = files.slice(from, from + AT_ONCE);
      const ends = await Promise.allSettled(some.map((file, at) => writeNew(temporary[from + at] ?? "", file)));
      // Not before all of them have ended: what is removed would be made again.
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    }
    for (const { path } of files) {
      renameSync(temporary[placed] ?? "", path);
      placed += 1;
    }
  } catch (error) {
    await Promise.all(temporary.slice(placed).map((path) => unlink(path).catch(() => undefined)));
    throw error;
  }
  if (lasting) await syncFolder(dirname(first.path));
}

async function writeNew(path: string, { text, isSynced }: FileToWrite): Promise<void> {
  if (text.length > SHORT) return await writeLong(path, text, isSynced);
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

async function writeLong(path: string, text: string, isSynced: boolean): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.byteLength; ) at += (await file.write(bytes, at)).bytesWritten;
    if (isSynced) await file.sync();
  } finally {
    await file.close();
  }
}
