import type { RunResult } from "../cli/run-session.js";
import type { Generation } from "../program/generation.js";
import type { OpenCodeProgram } from "../program/opencode-version.js";
import type { SessionTree } from "../schema/exported-session.js";
import type { RunEvent } from "../schema/run-event.js";
import type { ServerConnection } from "../server/connection.js";
import type { ServerPool } from "../server/server-pool.js";
import type { Progress } from "./progress.js";
import type { RunRequest } from "./run-request.js";

/**
 * How opencode is driven: `cli` by `opencode run` and `opencode export`, `server` by an `opencode serve`, `auto` by a
 * server wherever that can do what is asked for, else by the CLI.
 */
export type Driver = "auto" | "cli" | "server";

export interface DriveRequest extends RunRequest {
  /** Path of the opencode to use; else it is looked for (see `findOpenCode`). */
  readonly opencode?: string | undefined;
  /** `auto` by default. */
  readonly driver?: Driver | undefined;
  /** Warm servers to use, which live on after the run; by default a run starts one of its own and stops it again. */
  readonly servers?: ServerPool | undefined;
  /** What opencode's environment is made from; this process' own by default. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** A session that is about to be prompted on a server. */
export interface ServedSession {
  readonly connection: ServerConnection;
  /** Which opencode it is a server of. */
  readonly generation: Generation;
  readonly directory: string;
  /** opencode's version; null where it does not say. */
  readonly version: Promise<string | null>;
  /** The names of the MCP servers that opencode has, as configured. */
  readonly mcpServers: readonly string[];
  readonly sessionId: string;
  /** The server's log, and where in it this run begins, in bytes. */
  readonly logPath: string;
  readonly logFrom: number;
  /** ms since the epoch */
  readonly startedAt: number;
}

/** What a caller is told while opencode works, and the signal that ends it. */
export interface DriveHooks {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  /**
   * Called before the prompt is handed to a server, with where its session can be followed. What it returns is called
   * when the turn is over, and waited for.
   */
  readonly onServed?: ((session: ServedSession) => () => Promise<void>) | undefined;
  /**
   * Called once, as soon as it is known to which session the turn belongs; with a server that is before its prompt.
   *
   * @param runId what marks opencode and all that it starts, see `findProcesses`
   */
  readonly onSession?: ((sessionId: string, runId: string) => void) | undefined;
  /** Ends the run; what there is of the session is exported all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** The opencode server of a run. */
export interface UsedServer {
  /** Whether an earlier run had left it; else it was started for this one, or for the batch that this one is part of. */
  readonly warm: boolean;
  /** Why it was started, in words: names, never values. Null where an earlier run had left it. */
  readonly why: string | null;
}

export interface DriveResult extends Omit<RunResult, "logPath"> {
  readonly opencode: OpenCodeProgram;
  /** How it was driven in the end. */
  readonly driver: Exclude<Driver, "auto">;
  /** The server that was used; null where there was none. */
  readonly server: UsedServer | null;
  /** The session with those of its subagents; null when there is none, or when it could not be exported. */
  readonly tree: SessionTree | null;
  /** The exports as opencode wrote them, by session id. */
  readonly raw: ReadonlyMap<string, string>;
  /** opencode's log; of an extremely long one the middle is left out, and a line says so. */
  readonly logText: string;
  /**
   * What the tap recorded of opencode's requests to models, as far as it belongs to the run's sessions: lines of JSON.
   * Null where nothing is recorded; the notes say why, where it was asked for.
   */
  readonly wire: string | null;
  /** What a person should know: an unknown version, a subagent whose session is missing. */
  readonly notes: readonly string[];
}
