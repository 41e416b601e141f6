import { closeSync, openSync, renameSync, statSync, unlinkSync, write as writeAt } from "node:fs";
import { chmod, type FileHandle, open, readdir, rename, rm, unlink } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import { promisify } from "node:util";
import { attempt, hasCode, unless } from "../errors/thrown.js";
import { claimToken, isOwnerAlive } from "./claim-token.js";
import { makeFolder } from "./make-folder.js";
import { refuseUntrustedFolder } from "./trusted-store.js";

const TEMPORARY = /\.tmp-([0-9a-f-]+)$/;

/**
 * Makes a folder of the store, and those between it and the store's root, readable by their owner alone. A folder
 * that others can only read is narrowed.
 *
 * @throws {ConfigurationError} for one that is a link, another user's, or open to every writer
 */
export async function ensurePrivateFolder(root: string, folder: string): Promise<void> {
  if (!isFolder(dirname(root))) await makeFolder(dirname(root));
  let path = root;
  await privateFolder(root, path);
  for (const name of relative(root, folder).split(sep).filter(Boolean)) {
    path = `${path}${sep}${name}`;
    await privateFolder(root, path);
  }
}

async function privateFolder(root: string, path: string): Promise<void> {
  const made = isFolder(path) ? undefined : await makeFolder(path, 0o700);
  if (made !== undefined) await syncFolder(dirname(path));
  refuseUntrustedFolder(root, path);
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) await narrow(path);
}

/** Nearly always it is, and to ask a thread for the disk would take longer. */
function isFolder(path: string): boolean {
  return attempt(() => statSync(path).isDirectory()) ?? false;
}

/** One that root made (a volume), or that is allowed by name, is not this user's to narrow; what is put into it is. */
async function narrow(folder: string): Promise<void> {
  await chmod(folder, 0o700).catch(unless("EPERM"));
}

/**
 * Writes a file (0600) so that it is there whole or not at all, also after a crash of the machine.
 *
 * It goes on after a short write, so a disk that fills up half-way is an error; one bare `fs.write`, as write-file-atomic
 * does for buffers, would leave a cut file and report success.
 *
 * @param lasting false leaves it to the caller to sync the folder, once for many files
 * @throws the file system's error, for instance ENOSPC or EROFS; nothing is left behind then
 */
export async function writeWhole(path: string, data: Uint8Array | string, lasting = true): Promise<void> {
  const temporary = temporaryPath(path);
  try {
    await writeNew(temporary, data, true);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  if (lasting) await syncFolder(dirname(path));
}

const writeSome = promisify(writeAt);

/**
 * The same as far as this process goes: whatever kills it, the file is there whole or not at all. The machine may still
 * take it away, or a part of it, until `syncFile` and `syncFolder` have been called.
 *
 * The bytes are written on a thread for the disk; what else there is to do takes less time than to ask one.
 *
 * @throws the file system's error; nothing is left behind then
 */
export async function writeUnsynced(path: string, data: Uint8Array | string): Promise<void> {
  const bytes = bytesOf(data);
  const temporary = temporaryPath(path);
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      for (let at = 0; at < bytes.byteLength; ) at += (await writeSome(file, bytes, at)).bytesWritten;
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    attempt(() => unlinkSync(temporary));
    throw error;
  }
}

/** Writes a file that is there whole or not at all, synced or not. */
export type WriteFile = (path: string, data: Uint8Array | string) => Promise<void>;

/**
 * Makes a file that was written unsynced outlive a crash of the machine; one that is there no longer need not.
 *
 * @throws the file system's error, for instance ENOSPC where the disk reserves nothing before
 */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+").catch(unless("ENOENT"));
  if (!file) return;
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Writes a file (0600) that is not there yet.
 *
 * @throws the file system's error; a part of it may be there then
 */
export async function writeNew(path: string, data: Uint8Array | string, synced: boolean): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await writeAll(file, data);
    if (synced) await file.sync();
  } finally {
    await file.close();
  }
}

/** `writeFile` asks a thread for the disk anew for each 512 KB. */
async function writeAll(file: FileHandle, data: Uint8Array | string): Promise<void> {
  const bytes = bytesOf(data);
  for (let at = 0; at < bytes.byteLength; ) at += (await file.write(bytes, at)).bytesWritten;
}

function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}

let serial = 0;

/**
 * Where something is made that is to be renamed to a path; when this process dies before, `sweepTemporaryFiles` removes
 * it. Two writers of one process, or of two machines that share the folder, must not meet in one.
 */
export function temporaryPath(path: string): string {
  serial += 1;
  return `${path}.${serial}${Math.random().toString(16).slice(2, 10)}.tmp-${claimToken()}`;
}

/** Makes a rename last. Not every platform can sync a folder; there the rename itself has to do. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Windows refuses to open a folder, some network file systems refuse to sync one.
  }
}

/** Removes a file that may already be gone. */
export async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch(unless("ENOENT"));
}

/** The same at once: to ask a thread for the disk takes longer. */
export function removeIfThereNow(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** The names in a folder, sorted; none when the folder does not exist. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** Whether a name is of what is made at a `temporaryPath`. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Removes what was made at a `temporaryPath` in a folder by a process that was killed. */
export async function sweepTemporaryFiles(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    const token = TEMPORARY.exec(name)?.[1];
    if (token === undefined) continue;
    const path = `${folder}${sep}${name}`;
    if (!(await isOwnerAlive(token, path))) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}
