import { createHash } from "node:crypto";
import { endProcesses } from "../program/end-processes.js";
import { generationOfProgram } from "../program/opencode-version.js";
import { prepareConfig } from "../program/prepare-config.js";
import { createRunFolder, type RunFolder } from "../program/run-folder.js";
import { sweepRunFolders } from "../program/sweep-run-folders.js";
import { type WireRecording, wireRecording } from "../program/wire-recording.js";
import { OPENCODE_ENDED } from "../warm/keeper-script.js";
import { leaseServer } from "../warm/lease-server.js";
import { versionFileOf } from "../warm/program-facts.js";
import type { WarmServer } from "../warm/warm-server.js";
import type { ServerLease } from "./server-lease.js";
import type { ServerSpec } from "./server-spec.js";
import { startServer } from "./start-server.js";
import { unlessAborted } from "./unless-aborted.js";

interface Started
  extends Pick<
    ServerLease,
    "server" | "runId" | "workFolder" | "agent" | "wire" | "listeningAt" | "lock" | "isShared" | "isFound" | "why"
  > {
  /** One that outlives this process, where it is one. */
  readonly warm?: WarmServer;
  /** Ends it, or gives it back. */
  readonly end: (entry: Entry) => Promise<void>;
}

interface Entry {
  /** The directory that it has to be started in, where there is one. */
  readonly ownPlace: string | undefined;
  readonly starting: Promise<Started>;
  /** Settles when opencode is about to be started for it; never where an earlier run has left one. */
  readonly begun: Promise<void>;
  /** Ends it, also while it starts or waits for its turn to start. */
  readonly stopping: AbortController;
  leases: number;
  turns: number;
  aborted: boolean;
  unfit: boolean;
  /** No new prompts: it is stopped when the last one ends. */
  retired: boolean;
}

const UNTOUCHED = { aborted: false, unfit: false, retired: false };

/** A server is replaced after so many turns: its log and its memory grow with each. */
const MOST_TURNS = 200;
/** And after so much that was recorded of it: at twice of that the tap stops. */
const MOST_RECORDED_BYTES = 128 * 1024 * 1024;

/** Each task may have a worktree of its own: so many servers that started in such a place stay without use. */
const MOST_IDLE_PLACES = 4;

/** How a pool of servers works. */
export interface ServerPoolOptions {
  /** How many turns a server may have before it is replaced; 1 for servers that are not shared. Default 200. */
  readonly mostTurns?: number;
  /**
   * Whether servers are left for other processes, as long as each prompt's `warmMs` says, and those of others used. By
   * default they go with the pool.
   */
  readonly leaves?: boolean;
}

/**
 * Warm opencode servers: one for each way of being configured, started when it is first wanted and shared by all
 * prompts that want the same. A server that went away is replaced by the next prompt.
 *
 * Close it at the end: until then its servers run. They are ended with this process in any case.
 */
export class ServerPool {
  readonly #entries = new Map<string, Entry>();
  readonly #retired = new Set<Entry>();
  readonly #ending = new Set<Promise<void>>();
  #starts: Promise<unknown> = Promise.resolve();
  #swept: Promise<void> | undefined;
  readonly #mostTurns: number;
  readonly #leaves: boolean;
  #closed = false;
  #leftMs: number | undefined;

  /**
   * How long a server that the pool has left stays without use, ms; undefined where it has left none.
   *
   * @internal
   */
  get leftMs(): number | undefined {
    return this.#leftMs;
  }

  constructor({ mostTurns = MOST_TURNS, leaves = false }: ServerPoolOptions = {}) {
    this.#mostTurns = mostTurns;
    this.#leaves = leaves;
  }

  /**
   * Starts a server that will be wanted, if there is none like it. What goes wrong is told to who leases it.
   *
   * @internal
   */
  warm(spec: ServerSpec): void {
    const wanted = this.#leaves ? spec : alone(spec);
    const key = keyOf(wanted);
    if (!this.#closed && !this.#entries.has(key)) this.#start(key, wanted);
  }

  /**
   * A server for one prompt.
   *
   * @internal
   * @param signal ends the wait for a server that starts; one without another use is stopped then
   * @param onStart told when opencode is started for it, or was before, and no earlier run's is used
   * @throws {OpenCodeNotFoundError} when opencode cannot be started at all
   * @throws {OpenCodeCommandError} when it does not become a server
   * @throws {RunRequestError} when the configuration cannot be handed over
   * @throws the signal's reason
   */
  async lease(wanted: ServerSpec, signal?: AbortSignal, onStart: () => void = () => undefined): Promise<ServerLease> {
    if (this.#closed) throw closedPool();
    signal?.throwIfAborted();
    const spec = this.#leaves ? wanted : alone(wanted);
    const key = keyOf(spec);
    // Without a pause between the look and the start, so that two prompts do not start two servers.
    const entry = this.#entries.get(key) ?? this.#start(key, spec);
    entry.leases += 1;
    entry.turns += 1;
    // At once: a prompt that comes while it starts must not be one too many.
    if (entry.turns >= this.#mostTurns) this.#retire(key, entry);
    let started: Started;
    let isWaited = true;
    void entry.begun.then(() => isWaited && onStart());
    try {
      started = await unlessAborted(entry.starting, signal);
    } catch (error) {
      // An aborted wait does not make it a bad one.
      if (!signal?.aborted) this.#retire(key, entry);
      this.#release(entry);
      throw error;
    } finally {
      isWaited = false;
    }
    const { server, agent, wire, isShared, warm } = started;
    if (isShared && (await recordedBytes(wire)) > MOST_RECORDED_BYTES) this.#retire(key, entry);
    // One that has another run's idea of the directory is none for a run there.
    const isFit = warm === undefined || (await warm.enter(spec.directory));
    if (server.exit !== null || !isFit) {
      if (server.exit !== null) entry.unfit = true;
      this.#retire(key, entry);
      this.#release(entry);
      if (isFit) return await this.lease(spec, signal, onStart);
      return { ...(await this.lease(alone(spec), signal, onStart)), why: CHANGED_PLACE };
    }
    let place = spec.directory;
    return {
      ...started,
      enter: async (directory) => {
        if (warm !== undefined && !(await warm.enter(directory))) return false;
        place = directory;
        return true;
      },
      // Prompts without a system prompt share a server, whatever agent they want.
      agent: spec.systemPrompt === undefined ? spec.agent : agent,
      begin: (sessionId) => warm?.begin(sessionId, place),
      release: ({ wasAborted, hasToolServers, isUnfit }) => {
        entry.aborted ||= wasAborted;
        entry.unfit ||= isUnfit || server.exit !== null;
        warm?.conclude(place, hasToolServers);
        if (entry.unfit) this.#retire(key, entry);
        this.#release(entry);
      },
    };
  }

  /** Stops all servers, those in use and those that start too. */
  async close(): Promise<void> {
    this.#closed = true;
    const entries = [...this.#entries.values(), ...this.#retired];
    this.#entries.clear();
    this.#retired.clear();
    for (const entry of entries) this.#end(entry);
    await Promise.all([this.#swept, ...this.#ending]);
  }

  #start(key: string, spec: ServerSpec): Entry {
    // What killed runs have left goes away meanwhile.
    this.#swept ??= sweepRunFolders().catch(() => undefined);
    // One after the other: several that find a new home at once break each other's making of the database.
    const stopping = new AbortController();
    const asked = Date.now();
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const starting = this.#starts.then(async (): Promise<Started> => {
      const lock = { start: asked, end: Date.now() };
      let why = "none is to stay";
      const onNone = (reason: string): void => {
        why = reason;
      };
      const warm = (spec.warmMs ?? 0) > 0 ? await leaseServer(spec, stopping.signal, onNone, begin) : undefined;
      if (!warm) begin();
      if (!warm) return { ...(await startAlone(spec, this.#mostTurns > 1, stopping.signal)), lock, why };
      const shared = { ...warm, why: warm.isFound ? null : warm.why };
      return { ...shared, warm, lock, isShared: true, end: (entry) => this.#giveBack(warm, entry, spec) };
    });
    this.#starts = starting.catch(() => undefined);
    const ownPlace = ownPlaceOf(spec);
    const entry: Entry = { ...{ ownPlace, starting, begun, stopping }, ...{ leases: 0, turns: 0 }, ...UNTOUCHED };
    this.#entries.set(key, entry);
    return entry;
  }

  #retire(key: string, entry: Entry): void {
    if (entry.retired) return;
    entry.retired = true;
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    this.#retired.add(entry);
  }

  #release(entry: Entry): void {
    entry.leases -= 1;
    if (entry.leases > 0) return;
    if (entry.retired) {
      if (this.#retired.delete(entry)) this.#end(entry);
    } else if (entry.ownPlace !== undefined) this.#endIdle(entry);
  }

  /** @param entry has just become idle, and is in its place: the last one to end */
  #endIdle(entry: Entry): void {
    const [key] = [...this.#entries].find(([, one]) => one === entry) ?? [];
    if (key === undefined) return;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const idle = [...this.#entries].filter(
      ([, one]) => one.ownPlace !== undefined && one.turns > 0 && one.leases === 0,
    );
    for (const [oldest, one] of idle.slice(0, -MOST_IDLE_PLACES)) {
      this.#entries.delete(oldest);
      one.retired = true;
      this.#end(one);
    }
  }

  /** Only `close` waits for it. */
  #end(entry: Entry): void {
    const ending: Promise<void> = this.#stop(entry)
      // A folder that cannot be removed stays, for the next sweep.
      .catch(() => undefined)
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  async #stop(entry: Entry): Promise<void> {
    entry.stopping.abort(closedPool());
    const started = await entry.starting.catch(() => undefined);
    await started?.end(entry);
  }

  async #giveBack(warm: WarmServer, { aborted, unfit, turns }: Entry, { warmMs }: ServerSpec): Promise<void> {
    const ended = warm.server.exit === null ? undefined : OPENCODE_ENDED;
    if (aborted) return await warm.end({ why: ended ?? "a turn on it was stopped", wasAborted: true });
    if (unfit) return await warm.end({ why: ended ?? "it could not be used", wasAborted: false });
    // One that was started for a run that never began is left by none.
    if (turns === 0 && !warm.isFound) return await warm.end({ why: "no run came", wasAborted: false });
    await warm.end();
    this.#leftMs = warmMs;
  }
}

const CHANGED_PLACE = "the directory has become another one, and another run still works in it as it was";

function closedPool(): Error {
  return new Error("this pool of opencode servers is closed");
}

/** As it is wanted where servers go with their pool. */
function alone({ warmMs: _warm, ...spec }: ServerSpec): ServerSpec {
  return spec;
}

async function startAlone(
  spec: ServerSpec,
  isShared: boolean,
  signal: AbortSignal,
): Promise<Omit<Started, "lock" | "warm" | "why">> {
  const folder = await createRunFolder();
  try {
    const started = await startIn(folder, spec, isShared, signal);
    return {
      ...started,
      runId: folder.runId,
      workFolder: async () => folder,
      ...{ listeningAt: Date.now(), isShared, isFound: false },
      end: async ({ aborted }) => {
        await started.server.stop();
        if (aborted) await endProcesses(folder.runId);
        await folder.remove();
      },
    };
  } catch (error) {
    await endProcesses(folder.runId);
    // A folder that cannot be removed stays, for the next sweep.
    await folder.remove().catch(() => undefined);
    throw error;
  }
}

async function startIn(
  folder: RunFolder,
  spec: ServerSpec,
  isShared: boolean,
  signal: AbortSignal,
): Promise<Pick<Started, "agent" | "wire" | "server">> {
  signal.throwIfAborted();
  const { path, environment, projectConfig, wire: mode = "off", propagates } = spec;
  const asked = () => generationOfProgram(path, environment, spec.directory);
  const generation = spec.generation ?? (await unlessAborted(asked(), signal));
  // One of several directories may be gone before the others; each request names its own.
  const directory = (isShared ? ownPlaceOf(spec) : spec.directory) ?? folder.path;
  const { configContent, agent } = await prepareConfig(spec, folder, environment);
  const wire = await wireRecording(folder, { mode, generation, command: "serve", environment, propagates });
  const server = await startServer({
    ...{ path, generation, folder, environment, directory, projectConfig, configContent, signal },
    wire: wire.variables,
  });
  return { agent, wire, server };
}

/** The directory that a server has to be started in, where a version manager may start another opencode there. */
function ownPlaceOf({ path, directory, environment }: ServerSpec): string | undefined {
  return versionFileOf(path, directory, environment) === undefined ? undefined : directory;
}

async function recordedBytes(wire: WireRecording): Promise<number> {
  const sizes = await wire.mark().catch(() => new Map<string, number>());
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function keyOf(spec: ServerSpec): string {
  const { path, environment, projectConfig, agent, systemPrompt, mcp } = spec;
  const { wire = "off", propagates = false, warmMs = 0 } = spec;
  const variables = Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1));
  // The agent's name is part of the configuration only where it gets another prompt.
  const ofAgent = systemPrompt === undefined ? null : (agent ?? null);
  const text = JSON.stringify([
    path,
    ownPlaceOf(spec) ?? null,
    projectConfig,
    ofAgent,
    systemPrompt ?? null,
    mcp ?? [],
    wire,
    propagates,
    warmMs > 0,
    variables,
  ]);
  return createHash("sha256").update(text).digest("hex");
}
