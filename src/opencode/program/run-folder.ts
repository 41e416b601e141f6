import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onExit } from "signal-exit";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { describeDiskFailure } from "../../files/disk-failure.js";
import { openOwnFile } from "../../files/own-files.js";
import { ownPrefix, RUN_ID_FILE } from "./run-folder-owner.js";
import type { StreamFiles } from "./spawn-opencode.js";
import { guard } from "./watchdog.js";

/** A private folder for one run: what goes into opencode and what comes out of it, and the libraries it unpacks. */
export interface RunFolder {
  readonly path: string;
  /** What marks everything that was started for this run (see `RUN_ID_VARIABLE`). */
  readonly runId: string;
  /** An empty folder, for what is to be gone with the run. */
  readonly temporary: string;
  /** Creates the files for one start of opencode; standard input holds the given text. */
  streams(name: string, stdin?: string): Promise<StreamFiles>;
  /** Writes a file that only this user can read, and returns its path. */
  write(name: string, text: string): Promise<string>;
  /** Removes the folder. Safe to call twice; the second call does nothing. */
  remove(): Promise<void>;
}

/** Which names the system's temporary folder. */
const VARIABLE = process.platform === "win32" ? "TEMP" : "TMPDIR";

/**
 * Makes a private folder (0700, its files 0600) in the system's temporary folder. It goes away with `remove()`, and
 * also when this process exits, crashes or is ended by a signal. After a `kill -9` the watchdog removes it, see {@link
 * guard}; what even that leaves behind is for `sweepRunFolders`.
 *
 * @throws {ConfigurationError} when the system's temporary folder takes none
 */
export async function createRunFolder(): Promise<RunFolder> {
  const runId = randomUUID();
  const path = join(tmpdir(), `${ownPrefix()}${randomBytes(8).toString("hex")}`);
  // Before it is there: no moment is left at which a kill would leave it behind.
  const unguard = guard(runId, path);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    unguard();
    throw new ConfigurationError(
      VARIABLE,
      `No folder for temporary files can be made in ${tmpdir()}: ${describeDiskFailure(error)}.\nMend that, or name another folder by ${VARIABLE}.`,
    );
  }
  // Last of all, so that the processes which write into it are ended before.
  const forget = onExit(
    () => {
      try {
        rmSync(path, { recursive: true, force: true });
      } catch {
        // Where no more files may be open, say: the watchdog, which sees that this process is gone, removes it.
      }
    },
    { alwaysLast: true },
  );
  const folder = folderAt(path, runId);
  await mkdir(folder.temporary, { mode: 0o700 });
  await folder.write(RUN_ID_FILE, runId);
  let removed = false;
  return {
    ...folder,
    remove: async () => {
      if (removed) return;
      removed = true;
      // A process that is just ending may still write into the folder while it is being emptied.
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      forget();
      unguard();
    },
  };
}

/** A folder that is there already, under the name of what it is for. */
export function folderAt(path: string, runId: string): Omit<RunFolder, "remove"> {
  const write = async (name: string, text: string) => {
    const file = join(path, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  return {
    path,
    runId,
    temporary: join(path, "tmp"),
    write,
    streams: async (name, stdin = "") => ({
      stdin: await write(`${name}.stdin`, stdin),
      stdout: await write(`${name}.stdout`, ""),
      stderr: await write(`${name}.stderr`, ""),
    }),
  };
}

/** As much of a log as is read. */
export const LONGEST_LOG_BYTES = 64 * 1024 * 1024;

/**
 * Reads a file whole, but of one beyond `limit` bytes only the beginning and the end, with a line that says so.
 *
 * @param from where to begin, in bytes
 */
export async function readBounded(path: string, limit: number, from = 0): Promise<string> {
  const file = await openOwnFile(path);
  try {
    const size = Math.max(0, (await file.stat()).size - from);
    if (size <= limit) {
      const all = Buffer.alloc(size);
      const { bytesRead } = await file.read(all, 0, size, from);
      return all.subarray(0, bytesRead).toString("utf8");
    }
    const half = Math.floor(limit / 2);
    const head = Buffer.alloc(half);
    const tail = Buffer.alloc(half);
    await file.read(head, 0, half, from);
    await file.read(tail, 0, half, from + size - half);
    const start = head.subarray(0, head.lastIndexOf(0x0a) + 1).toString("utf8");
    const end = tail.subarray(tail.indexOf(0x0a) + 1).toString("utf8");
    return `${start}[looptrace: ${size - limit} bytes left out here]\n${end}`;
  } finally {
    await file.close();
  }
}
