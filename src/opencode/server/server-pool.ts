import { createHash } from "node:crypto";
import type { Interval } from "../model/values.js";
import { endProcesses } from "../program/end-processes.js";
import type { Generation } from "../program/generation.js";
import { generationOfProgram } from "../program/opencode-version.js";
import { type ConfigSpec, prepareConfig } from "../program/prepare-config.js";
import { createRunFolder, type RunFolder } from "../program/run-folder.js";
import { sweepRunFolders } from "../program/sweep-run-folders.js";
import { type WireMode, type WireRecording, wireRecording } from "../program/wire-recording.js";
import { type RunningServer, startServer } from "./start-server.js";
import { unlessAborted } from "./unless-aborted.js";

/** What a server has to be like for a prompt: it reads its configuration once, when it starts. */
export interface ServerSpec extends ConfigSpec {
  /** Absolute path of opencode. */
  readonly path: string;
  /** Which opencode that is; found out when not given. */
  readonly generation?: Generation | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly projectConfig: boolean;
  /** What is recorded of its requests to models; nothing when not given. */
  readonly wire?: WireMode | undefined;
  /** Whether its requests carry the trace that they belong to. */
  readonly propagates?: boolean | undefined;
}

/** A server for one prompt, perhaps at the same time as for others. */
export interface ServerLease {
  readonly server: RunningServer;
  readonly folder: RunFolder;
  /** The agent to ask for, after the generated configuration had its say. */
  readonly agent: string | undefined;
  /** What is recorded of the server's requests to models, those of all its turns. */
  readonly wire: WireRecording;
  /** When it listened, ms since the epoch, and when it waited until another one had started. */
  readonly listeningAt: number;
  readonly lock: Interval;
  /**
   * Gives it back. A server without further use is stopped; waiting for that is not needed.
   *
   * @param turnWasAborted then what the agent left running is ended with the server; after a normal end it may have
   * been started
   *   on purpose
   */
  release(turnWasAborted: boolean): void;
}

type Started = Pick<ServerLease, "server" | "folder" | "agent" | "wire" | "listeningAt" | "lock">;

interface Entry {
  readonly folder: Promise<RunFolder>;
  readonly starting: Promise<Started>;
  /** Ends it, also while it starts or waits for its turn to start. */
  readonly stopping: AbortController;
  leases: number;
  turns: number;
  aborted: boolean;
  /** No new prompts: it is stopped when the last one ends. */
  retired: boolean;
}

/** A server is replaced after so many turns: its log and its memory grow with each. */
const MOST_TURNS = 200;
/** And after so much that was recorded of it: at twice of that the tap stops. */
const MOST_RECORDED_BYTES = 128 * 1024 * 1024;

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
  #closed = false;

  /**
   * Whether several turns may be at work on one server.
   *
   * @internal
   */
  get isShared(): boolean {
    return this.#mostTurns > 1;
  }

  /** @param mostTurns how many turns a server may have before it is replaced; 1 for servers that are not shared */
  constructor({ mostTurns = MOST_TURNS }: { readonly mostTurns?: number } = {}) {
    this.#mostTurns = mostTurns;
  }

  /**
   * Starts a server that will be wanted, if there is none like it. What goes wrong is told to who leases it.
   *
   * @internal
   */
  warm(spec: ServerSpec): void {
    const key = keyOf(spec);
    if (!this.#closed && !this.#entries.has(key)) this.#start(key, spec);
  }

  /**
   * A server for one prompt.
   *
   * @internal
   * @param signal ends the wait for a server that starts; one without another use is stopped then
   * @throws {OpenCodeNotFoundError} when opencode cannot be started at all
   * @throws {OpenCodeCommandError} when it does not become a server
   * @throws {RunRequestError} when the configuration cannot be handed over
   * @throws the signal's reason
   */
  async lease(spec: ServerSpec, signal?: AbortSignal): Promise<ServerLease> {
    if (this.#closed) throw closedPool();
    signal?.throwIfAborted();
    const key = keyOf(spec);
    // Without a pause between the look and the start, so that two prompts do not start two servers.
    const entry = this.#entries.get(key) ?? this.#start(key, spec);
    entry.leases += 1;
    entry.turns += 1;
    // At once: a prompt that comes while it starts must not be one too many.
    if (entry.turns >= this.#mostTurns) this.#retire(key, entry);
    let started: Started;
    try {
      started = await unlessAborted(entry.starting, signal);
    } catch (error) {
      // An aborted wait does not make it a bad one.
      if (!signal?.aborted) this.#retire(key, entry);
      this.#release(entry);
      throw error;
    }
    const { server, folder, agent, wire, listeningAt, lock } = started;
    if (this.isShared && (await recordedBytes(wire)) > MOST_RECORDED_BYTES) this.#retire(key, entry);
    if (server.exit !== null) {
      this.#retire(key, entry);
      this.#release(entry);
      return await this.lease(spec, signal);
    }
    return {
      server,
      folder,
      wire,
      listeningAt,
      lock,
      // Prompts without a system prompt share a server, whatever agent they want.
      agent: spec.systemPrompt === undefined ? spec.agent : agent,
      release: (turnWasAborted) => {
        entry.aborted ||= turnWasAborted;
        if (server.exit !== null) this.#retire(key, entry);
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
    const folder = createRunFolder();
    // One after the other: several that find a new home at once break each other's making of the database.
    const stopping = new AbortController();
    const asked = Date.now();
    const starting = this.#starts.then(async (): Promise<Started> => {
      const lock = { start: asked, end: Date.now() };
      const started = await startIn(await folder, spec, this.isShared, stopping.signal);
      return { ...started, lock, listeningAt: Date.now() };
    });
    this.#starts = starting.catch(() => undefined);
    const entry: Entry = { folder, starting, stopping, leases: 0, turns: 0, aborted: false, retired: false };
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
    if (entry.leases > 0 || !entry.retired || !this.#retired.delete(entry)) return;
    this.#end(entry);
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
    await started?.server.stop();
    const folder = await entry.folder;
    if (entry.aborted || !started) await endProcesses(folder.runId);
    await folder.remove();
  }
}

function closedPool(): Error {
  return new Error("this pool of opencode servers is closed");
}

async function startIn(
  folder: RunFolder,
  spec: ServerSpec,
  isShared: boolean,
  signal: AbortSignal,
): Promise<Omit<Started, "listeningAt" | "lock">> {
  signal.throwIfAborted();
  const { path, environment, projectConfig, wire: mode = "off", propagates } = spec;
  const generation = spec.generation ?? (await unlessAborted(generationOfProgram(path, environment), signal));
  // One of several directories may be gone before the others; each request names its own.
  const directory = isShared ? folder.path : spec.directory;
  const { configContent, agent } = await prepareConfig(spec, folder, environment);
  const wire = await wireRecording(folder, { mode, generation, command: "serve", environment, propagates });
  const server = await startServer({
    ...{ path, generation, folder, environment, directory, projectConfig, configContent, signal },
    wire: wire.variables,
  });
  return { folder, agent, wire, server };
}

async function recordedBytes(wire: WireRecording): Promise<number> {
  const sizes = await wire.mark().catch(() => new Map<string, number>());
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function keyOf({
  path,
  environment,
  projectConfig,
  agent,
  systemPrompt,
  mcp,
  wire = "off",
  propagates = false,
}: ServerSpec): string {
  const variables = Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1));
  // The agent's name is part of the configuration only where it gets another prompt.
  const ofAgent = systemPrompt === undefined ? null : (agent ?? null);
  const text = JSON.stringify([
    path,
    projectConfig,
    ofAgent,
    systemPrompt ?? null,
    mcp ?? [],
    wire,
    propagates,
    variables,
  ]);
  return createHash("sha256").update(text).digest("hex");
}
