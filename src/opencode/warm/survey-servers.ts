import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { attempt } from "../../errors/thrown.js";
import { isAlive } from "./find-server.js";
import { IDLE_LIMIT } from "./keeper-script.js";
import { lastUseOf, liveLeases, usesOf } from "./leases.js";
import { isOwnProcess } from "./process-start.js";
import { readRecord, type ServerRecord } from "./server-record.js";
import { doubtAboutFolder, isOfThisPlace, serverIds, serversFolder } from "./servers-folder.js";
import { isLeft } from "./sweep-servers.js";
import { memoryOf } from "./warm-server.js";

/**
 * How a server is: for runs to use (`ready`), in use for the last time (`ending`), without a process that would end it
 * (`lost`), or on another machine or in another container (`elsewhere`).
 */
export type WarmState = "ready" | "ending" | "lost" | "elsewhere";

/** A server that outlives its run, as a person looks at it. */
export interface WarmServerFacts {
  readonly id: string;
  readonly state: WarmState;
  /** opencode's version; null where it did not say. */
  readonly version: string | null;
  /** Absolute path of opencode. */
  readonly opencode: string;
  readonly pid: number;
  /** How long it has listened, whole ms. */
  readonly ageMs: number;
  /** Without its commands; null where the system does not tell. */
  readonly memoryBytes: number | null;
  /** By how many runs it is used at this moment, and was used in all. */
  readonly runs: number;
  readonly uses: number;
  /** How long no run has used it, whole ms; null while a run uses it. */
  readonly idleMs: number | null;
  /** After how long without use it ends, ms. */
  readonly idleLimitMs: number;
  /** Why it was started. */
  readonly why: string;
}

/** What is wrong with what lies where servers are noted. */
export interface ServerDoubt {
  readonly path: string;
  /** The end of a sentence. */
  readonly doubt: string;
}

export interface WarmSurvey {
  readonly folder: string;
  readonly servers: readonly WarmServerFacts[];
  readonly doubts: readonly ServerDoubt[];
}

/** Looks at all servers that outlive their runs, youngest first. Never throws. */
export async function surveyServers(root: string): Promise<WarmSurvey> {
  const folder = serversFolder(root);
  const ids = await serverIds(folder);
  const doubt = attempt(() => doubtAboutFolder(folder));
  if (ids.length > 0 && doubt !== undefined) return { folder, servers: [], doubts: [{ path: folder, doubt }] };
  const found = await Promise.all(
    ids.map(async (id): Promise<WarmServerFacts | ServerDoubt | undefined> => {
      const path = join(folder, id);
      const why = attempt(() => doubtAboutFolder(path));
      return why === undefined ? await factsOf(id, path) : { path, doubt: why };
    }),
  );
  return {
    folder,
    servers: found.flatMap((one) => (one && "id" in one ? [one] : [])).sort((a, b) => a.ageMs - b.ageMs),
    doubts: found.flatMap((one) => (one && "doubt" in one ? [one] : [])),
  };
}

async function factsOf(id: string, folder: string): Promise<WarmServerFacts | ServerDoubt | undefined> {
  const offered = await readRecord(folder);
  const record = offered ?? (await readRecord(folder, "withdrawn"));
  if (!record) {
    // One that starts has none yet.
    const isStarting = !(await isLeft(id, folder).catch(() => false));
    return isStarting ? undefined : { path: folder, doubt: "it says nothing of a server that could be believed" };
  }
  const [leases, uses, lastUse, limit] = await Promise.all([
    liveLeases(folder),
    usesOf(folder),
    lastUseOf(folder),
    readFile(join(folder, IDLE_LIMIT), "utf8").catch(() => ""),
  ]);
  const now = Date.now();
  // The process tells when it began only as long as it is there, and one that is ending may be gone: the same for all.
  const ageMs = Math.max(0, Math.round(now - record.listeningAt));
  const idleMs = Math.min(ageMs, Math.max(0, Math.round(now - (lastUse ?? now))));
  const memory = isOfThisPlace(id) ? memoryOf(record.server.pid) : undefined;
  return {
    id,
    state: await stateOf(record, folder, offered !== undefined),
    version: record.version,
    opencode: record.opencode,
    pid: record.server.pid,
    ageMs,
    memoryBytes: memory === undefined ? null : memory * 1024,
    runs: leases.length,
    uses,
    idleMs: leases.length > 0 ? null : idleMs,
    idleLimitMs: Number.parseInt(limit, 10) * 1000 || 0,
    why: record.why,
  };
}

async function stateOf(record: ServerRecord, folder: string, isOffered: boolean): Promise<WarmState> {
  if (!isOfThisPlace(record.id)) return (await isLeft(record.id, folder).catch(() => true)) ? "lost" : "elsewhere";
  if (!isOwnProcess(record.keeper)) return "lost";
  return isOffered && (await isAlive(record)) ? "ready" : "ending";
}
