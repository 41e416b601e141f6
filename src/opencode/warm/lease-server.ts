import disk, { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isHolderStopped, lockFile } from "../../files/file-lock.js";
import { readOwnText } from "../../files/own-files.js";
import { storePaths } from "../../files/store-paths.js";
import { fieldsOf } from "../../text/json-fields.js";
import type { ServerSpec } from "../server/server-spec.js";
import { findServer } from "./find-server.js";
import { changesBetween, type Fingerprint, fingerprintOf } from "./fingerprint.js";
import { readRecord } from "./server-record.js";
import { makeServersFolder, serverIds } from "./servers-folder.js";
import { startToLeave } from "./start-warm.js";
import { sweepServers } from "./sweep-servers.js";
import type { WarmServer } from "./warm-server.js";
import { LAST_END } from "./withdraw.js";

/** What the last server was like that was started. */
const LAST_START = "last-start.json";
const MOST_BYTES = 256 * 1024;
/** A start that takes longer than this has failed. */
const LONGEST_START_MS = 35_000;
/** A process that a person has stopped (Ctrl-Z) in the midst of a start may go on at any time, or never. */
const STOPPED_MS = 2_000;
const POLL_MS = 25;

/**
 * A server that outlives this process: one that an earlier run has left, or a new one. Of several runs that want the
 * same at once, one starts it, and the others wait for it.
 *
 * @returns undefined where there is none to be had for whatever reason: then a run starts one for itself alone
 * @throws the signal's reason
 */
export async function leaseServer(spec: ServerSpec, signal: AbortSignal | undefined): Promise<WarmServer | undefined> {
  try {
    return await lease(spec, signal);
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

async function lease(spec: ServerSpec, signal: AbortSignal | undefined): Promise<WarmServer | undefined> {
  const { warmMs: idleMs = 0, environment } = spec;
  const { root } = storePaths(environment);
  const fingerprint = fingerprintOf(spec);
  if (fingerprint === undefined || !(idleMs > 0)) return undefined;
  const servers = await makeServersFolder(root);
  if (!(await hasRoom(servers))) return undefined;
  const find = () => findServer(servers, fingerprint.key, idleMs);
  const path = join(servers, fingerprint.key.slice(0, 16));
  let stoppedSince: number | undefined;
  const giveUpAt = performance.now() + LONGEST_START_MS;
  for (let hasWaited = false; performance.now() < giveUpAt; hasWaited = true) {
    signal?.throwIfAborted();
    const found = await find();
    // Another one would have as much to do.
    if (found === "busy") return undefined;
    if (found) return found;
    const lock = await lockFile(path);
    if (lock) {
      // It may have been started between the look and the lock.
      const meanwhile = await find().catch(() => undefined);
      // Whoever had the lock before has not managed to start one.
      if (meanwhile || hasWaited) {
        await lock.release();
        return meanwhile === "busy" ? undefined : meanwhile;
      }
      await sweepServers(servers);
      const why = await whyStarted(servers, fingerprint).catch(() => "");
      return await startToLeave({ spec, fingerprint, servers, idleMs, why, lock, signal });
    }
    stoppedSince = isHolderStopped(path) ? (stoppedSince ?? performance.now()) : undefined;
    if (stoppedSince !== undefined && performance.now() - stoppedSince > STOPPED_MS) return undefined;
    await sleep(POLL_MS, undefined, { signal });
  }
  return undefined;
}

/** What is recorded of a run, and its log, need not have less room beside a server than in a temporary folder. */
const LEAST_ROOM_BYTES = 64 * 1024 * 1024;

async function hasRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await disk.statfs(folder);
  return bavail * bsize >= LEAST_ROOM_BYTES;
}

/** In what a new server differs from the last one; notes it for the next. */
async function whyStarted(servers: string, { parts }: Fingerprint): Promise<string> {
  const path = join(servers, LAST_START);
  const read = async (): Promise<Record<string, string> | undefined> => {
    const text = await readOwnText(path, MOST_BYTES).catch(() => undefined);
    if (text === undefined) return undefined;
    const entries = Object.entries(fieldsOf(JSON.parse(text)));
    return Object.fromEntries(entries.flatMap(([name, hash]) => (typeof hash === "string" ? [[name, hash]] : [])));
  };
  const before = await read().catch(() => undefined);
  const end = await endSince(servers, path);
  await writeFile(path, JSON.stringify(parts), { mode: 0o600 });
  if (before === undefined) return "the first";
  const changes = changesBetween(before, parts);
  // One that is there no more would have been of no use without the changes either.
  const ended = end === "" || (changes !== undefined && (await isOffered(servers, before))) ? [] : [ENDED + end];
  return [...ended, ...(changes === undefined ? [] : [changes])].join("; ") || "there was none";
}

const ENDED = "the last one ended: ";

/** Why a server has ended since the last one was started; empty where none has. */
async function endSince(servers: string, lastStart: string): Promise<string> {
  const path = join(servers, LAST_END);
  try {
    const [{ mtimeMs: end }, { mtimeMs: start }] = await Promise.all([disk.stat(path), disk.stat(lastStart)]);
    return end < start ? "" : (await readFile(path, "utf8")).trim();
  } catch {
    return "";
  }
}

/** Whether a server that is like this is there for runs to use. */
async function isOffered(servers: string, parts: Fingerprint["parts"]): Promise<boolean> {
  const records = await Promise.all((await serverIds(servers)).map((id) => readRecord(join(servers, id))));
  return records.some((record) => record !== undefined && changesBetween(record.parts, parts) === undefined);
}
