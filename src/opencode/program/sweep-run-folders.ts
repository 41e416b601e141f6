import { execFile } from "node:child_process";
import { lstat, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isOwnFolder, readOwnText } from "../../files/own-files.js";
import { endProcesses } from "./end-processes.js";
import { ownerOf, RELEASE_FILE, RUN_ID_FILE } from "./run-folder-owner.js";
import { shellEnvironment } from "./watchdog.js";

/** A folder of another boot or container says nothing about its process; untouched this long, it is taken for dead. */
export const FOREIGN_MAX_AGE_MS = 48 * 3_600_000;
/** It is not waited for longer than this; what is not done then is left for another time. */
const LONGEST_MS = 3_000;
/** What marks a run, as `createRunFolder` makes it. */
export const RUN_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const RUN_ID_BYTES = 100;
const RELEASE_BYTES = 10_000;

/**
 * Removes the run folders of looptrace processes that are gone, and ends what these were driving, where that has not
 * happened (see `guard`). Only folders of this user's that no other user can write to: in a temporary folder for all,
 * others may have put anything that is called so.
 *
 * Never fails, and settles within 3 s: a folder that cannot be removed by then stays.
 */
export async function sweepRunFolders(): Promise<void> {
  const givenUp = new AbortController();
  const swept = sweep(givenUp.signal).catch(() => undefined);
  await Promise.race([swept, sleep(LONGEST_MS, undefined, { ref: false })]);
  givenUp.abort();
}

async function sweep(givenUp: AbortSignal): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  await Promise.all(names.map((name) => sweepOne(name, givenUp)));
}

async function sweepOne(name: string, givenUp: AbortSignal): Promise<void> {
  const owner = ownerOf(name);
  if (owner === undefined || owner === "alive") return;
  const path = join(tmpdir(), name);
  if (!(await isOwnFolder(path))) return;
  if (owner === "unknown" && (await lastTouched(path)) >= Date.now() - FOREIGN_MAX_AGE_MS) return;
  if (owner === "dead") {
    const runId = await readOwnText(join(path, RUN_ID_FILE), RUN_ID_BYTES).catch(() => "");
    if (RUN_ID.test(runId)) {
      await release(path);
      await endProcesses(runId);
    }
  }
  // Links in it are removed, and not followed.
  if (!givenUp.aborted) await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

/**
 * Does what is to be done before a run's processes are ended. The watchdog of a process that has just died may be at it
 * too, but not done: both wait until it is.
 */
async function release(folder: string): Promise<void> {
  const script = await readOwnText(join(folder, RELEASE_FILE), RELEASE_BYTES).catch(() => undefined);
  if (script === undefined) return;
  const how = { cwd: "/", env: shellEnvironment(), timeout: LONGEST_MS };
  await new Promise<void>((resolve) => execFile("/bin/sh", ["-c", script], how, () => resolve()));
}

async function lastTouched(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const times = await Promise.all(
    [folder, ...names.map((name) => join(folder, name))].map((path) =>
      lstat(path).then(
        (found) => found.mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}
