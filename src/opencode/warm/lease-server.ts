import disk from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isHolderStopped, lockFile } from "../../files/file-lock.js";
import { storePaths } from "../../files/store-paths.js";
import { LONGEST_START_MS } from "../server/longest-start.js";
import type { ServerSpec } from "../server/server-spec.js";
import { findServer } from "./find-server.js";
import { fingerprintOf } from "./fingerprint.js";
import { withdrawEnded } from "./noted-servers.js";
import { versionFileOf } from "./program-facts.js";
import { makeServersFolder, newServerId } from "./servers-folder.js";
import { startToLeave } from "./start-warm.js";
import { sweepServers } from "./sweep-servers.js";
import type { WarmServer } from "./warm-server.js";
import { whyStarted } from "./why-started.js";

/** A start that takes longer than this has failed, and whoever was at it has had the time to say so. */
const LONGEST_WAIT_MS = LONGEST_START_MS + 5_000;
/** A process that a person has stopped (Ctrl-Z) in the midst of a start may go on at any time, or never. */
const STOPPED_MS = 2_000;
const POLL_MS = 25;

/**
 * A server that outlives this process: one that an earlier run has left, or a new one. Of several runs that want the
 * same at once, one starts it, and the others wait for it.
 *
 * @param onNone told why there is none
 * @param onStart told when a new one is about to be started
 * @returns undefined where there is none to be had for whatever reason: then a run starts one for itself alone
 * @throws the signal's reason
 */
export async function leaseServer(
  spec: ServerSpec,
  signal: AbortSignal | undefined,
  onNone: (why: string) => void = () => undefined,
  onStart: () => void = () => undefined,
): Promise<WarmServer | undefined> {
  try {
    const leased = await lease(spec, signal, onStart);
    if (typeof leased !== "string") return leased;
    onNone(leased);
  } catch {
    signal?.throwIfAborted();
    // What is wrong with opencode itself the one says that is started for the run alone.
    onNone("one that stays could not be started");
  }
  return undefined;
}

/** @returns why there is none, in words, where there is none */
async function lease(
  spec: ServerSpec,
  signal: AbortSignal | undefined,
  onStart: () => void,
): Promise<WarmServer | string> {
  const { warmMs: idleMs = 0, environment } = spec;
  const { root } = storePaths(environment);
  if (!(idleMs > 0)) return "none is to stay";
  const chooser = versionFileOf(spec.path, spec.directory, environment);
  if (chooser !== undefined) return `${chooser} may choose another opencode, or variables for it, in this directory`;
  let tooMuch = "";
  const fingerprint = fingerprintOf(spec, (why) => {
    tooMuch = why;
  });
  if (fingerprint === undefined) return tooMuch;
  const servers = await makeServersFolder(root);
  if (!(await hasRoom(servers))) return `there is no room for it in ${servers}`;
  const find = () => findServer(servers, fingerprint.key, idleMs);
  const path = join(servers, fingerprint.key.slice(0, 16));
  let stoppedSince: number | undefined;
  const giveUpAt = performance.now() + LONGEST_WAIT_MS;
  for (let hasWaited = false; performance.now() < giveUpAt; hasWaited = true) {
    signal?.throwIfAborted();
    const found = await find();
    // Another one would have as much to do.
    if (found === "busy") return BUSY;
    if (found) return found;
    const lock = await lockFile(path);
    if (lock) {
      // It may have been started between the look and the lock.
      const meanwhile = await find().catch(() => undefined);
      // Whoever had the lock before has not managed to start one.
      if (meanwhile || hasWaited) {
        await lock.release();
        return meanwhile === "busy" ? BUSY : (meanwhile ?? "another run could not start one that stays");
      }
      onStart();
      await sweepServers(servers);
      await withdrawEnded(servers);
      const id = newServerId();
      const why = await whyStarted(servers, fingerprint, id);
      return await startToLeave({ spec, id, fingerprint, servers, idleMs, why, lock, signal });
    }
    stoppedSince = isHolderStopped(path) ? (stoppedSince ?? performance.now()) : undefined;
    if (stoppedSince !== undefined && performance.now() - stoppedSince > STOPPED_MS)
      return "another run had begun to start one, and was stopped";
    await sleep(POLL_MS, undefined, { signal });
  }
  return "another run takes too long to start one";
}

const BUSY = "the one that is there had too much to do to answer";

/** What is recorded of a run, and its log, need not have less room beside a server than in a temporary folder. */
const LEAST_ROOM_BYTES = 64 * 1024 * 1024;

async function hasRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await disk.statfs(folder);
  return bavail * bsize >= LEAST_ROOM_BYTES;
}
