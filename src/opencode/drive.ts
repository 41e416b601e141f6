import { OpenCodeCommandError } from "../errors/opencode-command-error.js";
import { RunRequestError } from "../errors/run-request-error.js";
import { SessionNotFoundError } from "../errors/session-not-found-error.js";
import { driveCli } from "./cli/drive-cli.js";
import type { RunResult } from "./cli/run-session.js";
import type { OpenCodeProgram } from "./program/opencode-version.js";
import type { Progress } from "./request/progress.js";
import { type CheckedRequest, checkRequest, type RunRequest } from "./request/run-request.js";
import { isSessionId } from "./schema/ids.js";
import type { RunEvent } from "./schema/run-event.js";
import type { SessionTree } from "./schema/session-export.js";
import type { ServerConnection } from "./server/connection.js";
import { driveServer } from "./server/drive-server.js";
import { NotYetPromptedError } from "./server/served-run.js";
import type { ServerPool } from "./server/server-pool.js";

/**
 * How opencode is driven: `cli` by `opencode run` and `opencode export`, `server` by an `opencode serve`, `auto` by a server wherever that can
 * do what is asked for, else by the CLI.
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

export interface DriveHooks {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  /**
   * Called before the prompt is handed to a server, with where its session can be followed. What it returns is called when the turn is
   * over, and waited for.
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

export interface DriveResult extends Omit<RunResult, "logPath"> {
  readonly opencode: OpenCodeProgram;
  /** How it was driven in the end. */
  readonly driver: Exclude<Driver, "auto">;
  /** The session with those of its subagents; null when there is none, or when it could not be exported. */
  readonly tree: SessionTree | null;
  /** The exports as opencode wrote them, by session id. */
  readonly raw: ReadonlyMap<string, string>;
  /** opencode's log; of an extremely long one the middle is left out, and a line says so. */
  readonly logText: string;
  /** What a person should know: an unknown version, a subagent whose session is missing. */
  readonly notes: readonly string[];
}

/**
 * Runs one prompt with opencode and reads the session that came of it, whatever became of the run: also after a
 * failure, at the deadline, or when it was aborted. Nothing stays behind but the session in opencode's own store.
 *
 * @throws {RunRequestError} when the request makes no sense; nothing was started then
 * @throws {OpenCodeNotFoundError} when there is no opencode
 * @throws {OpenCodeCommandError} when the driver `server` was asked for, and opencode does not become one
 * @throws {SessionNotFoundError} when opencode does not know the session that was to be continued
 * @throws the signal's reason when it was aborted before anything was started
 */
export async function drive(request: DriveRequest, hooks: DriveHooks = {}): Promise<DriveResult> {
  const environment = request.environment ?? process.env;
  const checked = checkRequest(request);
  // opencode would need some seconds to find out that this can be none.
  if (checked.session !== undefined && !isSessionId(checked.session))
    throw new SessionNotFoundError(checked.session);
  const where = { opencode: request.opencode, environment };
  const driver = driverFor(checked, request.driver ?? "auto");
  if (driver === "cli") return await driveCli(checked, where, hooks);
  const from = performance.now();
  try {
    return await driveServer(checked, { ...where, servers: request.servers }, hooks);
  } catch (error) {
    const canRetry = error instanceof NotYetPromptedError || error instanceof OpenCodeCommandError;
    if (!canRetry || needsServer(checked) !== null) throw error;
    // Where a server is of no use nothing has happened yet. `opencode run` either works, or says in its own words why not.
    if (request.driver === "server") throw error;
    // The time that it took is gone.
    const deadlineMs = Math.max(1, checked.deadlineMs - (performance.now() - from));
    return await driveCli({ ...checked, deadlineMs }, where, hooks);
  }
}

/** What only one of the drivers can do decides, unless the caller insists. */
function driverFor(request: CheckedRequest, driver: Driver): Driver {
  const hasExtra = (request.extraArguments ?? []).length > 0;
  const needs = needsServer(request);
  if (hasExtra && needs)
    throw new RunRequestError(needs.field, `${needs.why}, and extra arguments are for \`opencode run\`.`);
  if (hasExtra && driver === "server")
    throw new RunRequestError("extraArguments", "are for the driver cli, `opencode run`.");
  if (driver === "cli" && needs)
    throw new RunRequestError(needs.field, `${needs.why}: \`opencode run\` has no way to say it.`);
  return hasExtra ? "cli" : driver;
}

/** What of a request only a server can do; null when there is nothing. */
function needsServer({
  permissions,
  schema,
}: CheckedRequest): { readonly field: string; readonly why: string } | null {
  if (typeof permissions === "function")
    return { field: "permissions", why: "as a function needs the driver server" };
  return schema === undefined ? null : { field: "schema", why: "needs the driver server" };
}
