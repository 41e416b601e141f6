import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { attempt } from "../../errors/thrown.js";
import { createRunFolder, type RunFolder } from "../program/run-folder.js";
import { noRecording, RECORDINGS, recordingAt, type WireRecording } from "../program/wire-recording.js";
import type { RunningServer } from "../server/start-server.js";
import { MOST_MEMORY_KB } from "./keeper.js";
import { type Lease, liveLeases, usesOf } from "./leases.js";
import { leftServer } from "./left-server.js";
import { withdrawOldest } from "./noted-servers.js";
import { clearPlace, enterPlace } from "./places.js";
import type { ServerRecord } from "./server-record.js";
import { noteAborted, waitForEnd, withdraw } from "./withdraw.js";

/** A server that outlives this process, for as long as this process uses it. */
export interface WarmServer {
  readonly server: RunningServer;
  /** What marks it and all that it starts. */
  readonly runId: string;
  readonly agent: string | undefined;
  readonly wire: WireRecording;
  /** When it listened, ms since the epoch. */
  readonly listeningAt: number;
  /** Whether it was there before. */
  readonly isFound: boolean;
  /** Why it was started, in words. */
  readonly why: string;
  /** A folder of this process' own, for opencode's short commands. */
  readonly workFolder: () => Promise<RunFolder>;
  /** Has it know a directory as it is now. @returns whether it does; else it is none for a run there */
  enter(directory: string): Promise<boolean>;
  /** Notes a turn that is about to begin. Never throws. */
  begin(sessionId: string, directory: string): void;
  /** Notes that a turn has ended. @param hasToolServers whether opencode has started some for its directory */
  conclude(directory: string, hasToolServers: boolean): void;
  /**
   * Gives it back. Where it is of no more use, and no other run uses it, it has ended then.
   *
   * @param retired why no other run is to use it
   */
  end(retired?: { readonly why: string; readonly wasAborted: boolean }): Promise<void>;
}

export interface WarmServerOptions {
  /** Its folder. */
  readonly folder: string;
  readonly lease: Lease;
  readonly record: Omit<ServerRecord, "version" | "key" | "parts">;
  readonly version: Promise<string | null>;
  readonly isFound: boolean;
  /** Settles when other runs can find it; never fails. */
  readonly published?: Promise<void>;
}

/** An end takes a little more than an opencode gets to end by itself (3 s), and what it has started (1 s). */
const LONGEST_END_MS = 6_000;

export function warmServer({ folder, lease, record, version, isFound, published }: WarmServerOptions): WarmServer {
  const { connection, generation, keeper, runId } = record;
  const placed = { folder, connection, generation };
  const toClear = new Set<string>();
  let own: Promise<RunFolder> | undefined;
  let ending: Promise<void> | undefined;

  const leave = async (retired: { readonly why: string; readonly wasAborted: boolean } | undefined): Promise<void> => {
    await published;
    let why = retired?.why;
    if (why === undefined) {
      const cleared = await Promise.all([...toClear].map((one) => clearPlace(placed, lease, one).catch(() => false)));
      if (cleared.includes(false)) why = "what it had started for a directory could not be ended";
    }
    if (retired?.wasAborted === true) await noteAborted(folder, lease.since);
    await lease.end();
    if (why !== undefined) {
      await withdraw(folder, keeper, why);
      if ((await liveLeases(folder)).length === 0) await waitForEnd(folder, LONGEST_END_MS);
    } else await withdrawOldest(dirname(folder));
    await (await own?.catch(() => undefined))?.remove().catch(() => undefined);
  };
  const end: WarmServer["end"] = (retired) => (ending ??= leave(retired));

  const server = leftServer({
    connection,
    generation,
    version,
    logPath: join(folder, record.log),
    process: record.server,
    stop: () => end({ why: "a turn did not end when it was to", wasAborted: true }),
  });
  return {
    server,
    runId,
    agent: record.agent ?? undefined,
    wire: record.isRecorded ? recordingAt(join(folder, RECORDINGS), record.propagates) : noRecording([]),
    listeningAt: record.listeningAt,
    isFound,
    why: record.why,
    workFolder: () => (own ??= createRunFolder()),
    enter: (directory) => enterPlace(placed, lease, directory).catch(() => false),
    begin: (sessionId, directory) => {
      // On a full disk a turn goes on that could not be ended should this process be killed.
      attempt(() => lease.addSession(sessionId, directory));
    },
    conclude: (directory, hasToolServers) => {
      if (hasToolServers) toClear.add(directory);
    },
    end,
  };
}

/** How much memory a process has, KB; undefined where the system does not tell without another process (only Linux). */
export function memoryOf(pid: number): number | undefined {
  const status = attempt(() => readFileSync(`/proc/${pid}/status`, "latin1"));
  const kb = /^VmRSS:\s*(\d+) kB$/m.exec(status ?? "")?.[1];
  return kb === undefined ? undefined : Number(kb);
}

/** How much its log and its recording may have grown to, bytes each: both are of all runs that have used it. */
const MOST_LOG_BYTES = 32 * 1024 * 1024;
const MOST_RECORDED_BYTES = 64 * 1024 * 1024;
/** A server is replaced after so many uses: its memory grows with each. */
const MOST_USES = 200;

/** Why a server is not to be used any more, for what it has become; undefined where it is as good as new. */
export async function worn(
  folder: string,
  { log, server }: Pick<ServerRecord, "log" | "server">,
): Promise<string | undefined> {
  const uses = await usesOf(folder);
  if (uses >= MOST_USES) return `${uses} runs had used it`;
  const kb = memoryOf(server.pid) ?? 0;
  if (kb > MOST_MEMORY_KB) return `it had grown to ${Math.floor(kb / 1024)} MB`;
  const size = await stat(join(folder, log)).then(
    (found) => found.size,
    () => undefined,
  );
  // A run could not tell what opencode says of it.
  if (size === undefined) return "its log was gone";
  if (size > MOST_LOG_BYTES) return "its log had grown long";
  const recorded = await recordingAt(join(folder, RECORDINGS), false)
    .mark()
    .catch(() => new Map<string, number>());
  const bytes = [...recorded.values()].reduce((sum, one) => sum + one, 0);
  return bytes > MOST_RECORDED_BYTES ? "what is recorded of it had grown long" : undefined;
}
