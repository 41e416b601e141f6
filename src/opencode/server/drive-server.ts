import { stat } from "node:fs/promises";
import { OpenCodeCommandError } from "../../errors/opencode-command-error.js";
import { RunRequestError } from "../../errors/run-request-error.js";
import { ServerRequestError } from "../../errors/server-request-error.js";
import { plainText } from "../../text/plain-text.js";
import { type ExportResult, exportSession } from "../cli/export-session.js";
import { idsOf, readBack, unaskedModelNotes } from "../cli/read-back.js";
import type { CommandOptions } from "../cli/read-command.js";
import { sessionLines } from "../program/find-log.js";
import { pathOfOpenCode } from "../program/find-opencode.js";
import { versionSupport, versionWarning } from "../program/opencode-version.js";
import { refuseUnfitConfig } from "../program/prepare-config.js";
import { LONGEST_LOG_BYTES, readBounded } from "../program/run-folder.js";
import { parseLogLine } from "../read/log-line.js";
import type { DriveHooks, DriveResult } from "../request/drive-request.js";
import { initialProgress, type Phase } from "../request/progress.js";
import type { CheckedRequest } from "../request/run-request.js";
import { adapterOf2 } from "../v2/server/adapter-of-2.js";
import { withOwnServer } from "../v2/server/own-server.js";
import { readSession2From } from "../v2/server/read-session.js";
import { warmth } from "../warm/warmth.js";
import { adapterOf1 } from "./adapter-of-1.js";
import { connect } from "./connection.js";
import type { ToldMessages } from "./read-messages.js";
import { readSessionFrom } from "./read-session.js";
import { NotYetPromptedError, notPrompted, runOnServer, type ServedRunOptions } from "./served-run.js";
import type { ServerLease } from "./server-lease.js";
import { ServerPool } from "./server-pool.js";
import { isSamePlace } from "./session-place.js";
import { isGone, type RunningServer } from "./start-server.js";
import { type StopRequest, stopRequest } from "./stop-request.js";
import { unlessAborted } from "./unless-aborted.js";

export interface ServerDriveOptions {
  readonly opencode?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Servers that live on; without them one is started, and stopped at the end. */
  readonly servers?: ServerPool | undefined;
}

/**
 * Runs one prompt on an opencode server, and reads the session from it.
 *
 * @throws {OpenCodeNotFoundError} when there is no opencode
 * @throws {OpenCodeCommandError} when it does not become a server, or one that is too old
 * @throws {NotYetPromptedError} when the server could not be used
 * @throws {SessionNotFoundError} when opencode does not know the session that was to be continued
 */
export async function driveServer(
  request: CheckedRequest,
  options: ServerDriveOptions,
  hooks: DriveHooks,
): Promise<DriveResult> {
  const startedAt = Date.now();
  const path = pathOfOpenCode({ ...options, directory: request.directory });
  hooks.signal?.throwIfAborted();
  refuseUnfitConfig(request, options.environment);
  const stop = stopRequest(request.deadlineMs, hooks.signal);
  const servers = options.servers ?? new ServerPool({ mostTurns: 1, leaves: true });
  // Whatever fails, no deadline that is left may hold this process up.
  try {
    const { ms: warmMs, whyNone } = warmth(request.warmMs, options.environment);
    const context = { environment: options.environment, path, warmMs, whyNone, startedAt, stop };
    return await driveOn(servers, request, context, hooks);
  } finally {
    stop.forget();
    if (!options.servers) await servers.close();
  }
}

function elsewhere(own: string, asked: string): string {
  return `The session belongs to ${own}: opencode worked there, and not in ${asked}.`;
}

const NOT_PROPAGATED = "The requests to models carry no traceparent of this trace: that needs that they are recorded.";

/** A server that does not give a session out in this time will not. */
const READ_MS = 60_000;

interface DriveContext {
  readonly path: string;
  /** How long its server may stay afterwards, ms. */
  readonly warmMs: number;
  /** Why it may not stay, in words. */
  readonly whyNone: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly startedAt: number;
  readonly stop: StopRequest;
}

async function driveOn(
  servers: ServerPool,
  request: CheckedRequest,
  context: DriveContext,
  hooks: DriveHooks,
  isSecondTry = false,
): Promise<DriveResult> {
  const { path, environment, startedAt, stop, warmMs, whyNone } = context;
  const { directory, agent, systemPrompt, mcp, projectConfig = false, wire = "off" } = request;
  const { traceIdOf } = request;
  const propagates = traceIdOf !== undefined;
  const tell = (phase: Phase): void => hooks.onProgress?.({ ...initialProgress, phase });
  tell({ kind: "starting", since: startedAt });
  const asked = { path, environment, directory, agent, systemPrompt, mcp, projectConfig, wire, propagates };
  const spec = { ...asked, warmMs };
  const known = whyNone === undefined ? {} : { why: whyNone };
  const tellStart = () => tell({ kind: "starting", since: startedAt, isBegun: true, ...known });
  const lease = await servers.lease(spec, stop.signal, tellStart).catch((error: unknown) => {
    if (stop.by === undefined) throw error;
    return stop.by;
  });
  if (typeof lease === "string") return withoutServer(path, startedAt, lease);
  let hasBegun = false;
  let wasAborted = true;
  let hasToolServers = false;
  let isUnfit = false;
  let doubt: string | undefined;
  try {
    const ready = waitFor(lease, startedAt);
    const why = lease.isFound ? null : (whyNone ?? lease.why);
    // Of one that was started the same moment as in the turn's trace.
    const since = lease.isFound ? Date.now() : ready.readyAt;
    tell({ kind: "loading", since, isWarm: lease.isFound, ...(why === null ? {} : { why }) });
    const { server, runId, isShared } = lease;
    const { generation } = server;
    const { size: logFrom } = await stat(server.logPath);
    const wireFrom = await lease.wire.mark();
    const served: ServedRunOptions = {
      server,
      request,
      agent: lease.agent,
      environment,
      startedAt,
      isShared,
      enter: lease.enter,
      stop,
      logFrom,
      usable: server.version.then(refuseOld),
      announce: lease.wire.announce,
      runId,
      onSession: (sessionId, mark) => {
        hasBegun = true;
        lease.begin(sessionId);
        hooks.onSession?.(sessionId, mark);
      },
      onServed: hooks.onServed,
      onProgress: hooks.onProgress,
      onEvent: hooks.onEvent,
    };
    const {
      told,
      read: readAtRest,
      directory: workedIn = directory,
      ...run
    } = await (generation === 2 ? runOnServer(adapterOf2, served) : runOnServer(adapterOf1, served));
    if (run.sessionId !== null) await lease.wire.conclude(run.sessionId).catch(() => undefined);
    hasToolServers = run.mcpServers.length > 0;
    const command = async (): Promise<CommandOptions> => ({
      ...{ path, environment, directory: workedIn },
      folder: await lease.workFolder(),
    });
    const read = await readBack(
      run,
      request.session,
      async (id) => (await readAtRest) ?? (await readFrom(server, id, { directory: workedIn, command }, told)),
    );
    const hasModels = generation === 1 && hooks.signal?.aborted !== true;
    const modelNotes = hasModels ? await unaskedModelNotes(run, read.tree, command, projectConfig) : [];
    const isNew = request.session === undefined && request.continueLast !== true;
    const recorded = await lease.wire.read({
      sessionIds: idsOf(run, read.raw),
      since: isNew ? wireFrom : undefined,
      isShared,
    });
    wasAborted = run.exit.kind !== "served" || run.exit.asked !== undefined;
    // Known by now, where the server answers at all.
    const version = await unlessAborted(server.version, stop.signal).catch(() => null);
    const warning = version === null ? null : versionWarning(version);
    return {
      ...run,
      ...ready,
      opencode: { path, version },
      driver: "server",
      server: { warm: lease.isFound, why },
      tree: read.tree,
      raw: read.raw,
      logText: await logOf(lease, { sessionIds: idsOf(run, read.raw), directory: workedIn }, isShared, logFrom),
      wire: recorded.text,
      stderrTail: run.exit.kind === "served" ? "" : await lastWords(server.logPath, isShared ? logFrom : 0),
      notes: [
        ...(warning === null ? [] : [warning]),
        ...(propagates && !lease.wire.announce ? [NOT_PROPAGATED] : []),
        ...(workedIn === directory || isSamePlace(workedIn, directory) ? [] : [elsewhere(workedIn, directory)]),
        ...run.notes,
        ...recorded.notes,
        ...read.notes,
        ...modelNotes,
      ],
    };
  } catch (error) {
    // One that ended between two prompts has done nothing of this one yet; the next one may.
    const isOver = error instanceof NotYetPromptedError && !isSecondTry && (await isGone(lease.server));
    // One that another run has left may be at fault for what is said before the prompt; one of this run's own says
    // whether it is.
    doubt = lease.isFound && !isSecondTry ? doubtAfter(error) : undefined;
    // What is refused before there is a session leaves nothing: a server that others use too is not to end for it.
    if (lease.isShared && !hasBegun) {
      wasAborted = false;
      isUnfit = isServersFault(error);
      // It may have loaded the directory for what it was asked.
      hasToolServers = !isUnfit;
    }
    if (!isOver && doubt === undefined) throw error;
  } finally {
    lease.release({ wasAborted, hasToolServers, isUnfit });
  }
  return await driveOn(
    servers,
    request,
    doubt === undefined ? context : { ...context, warmMs: 0, whyNone: `the one that an earlier run left ${doubt}` },
    hooks,
    true,
  );
}

/** What a server lists as it was when it started, by the field of a request that names one of it. */
const LISTED: ReadonlyMap<string, string> = new Map([
  ["model", "lists no such model"],
  ["agent", "lists no such agent"],
  ["variant", "lists no such variant"],
]);

/** What another server may know better, or do better, as long as nothing has happened that could not be tried again. */
function doubtAfter(error: unknown): string | undefined {
  if (error instanceof RunRequestError) return LISTED.get(error.field);
  return isServersFault(error) ? "could not be used" : undefined;
}

/** Whether a server could not be used before a prompt; what it does not know is most likely nothing of another's. */
function isServersFault(error: unknown): boolean {
  return error instanceof NotYetPromptedError || error instanceof OpenCodeCommandError;
}

/** Where no other one starts, that is known a moment later. */
const LEAST_WAIT_MS = 10;

/** From when on a run had its server; for one that was there before it waited for none. */
function waitFor(
  { listeningAt, lock }: ServerLease,
  startedAt: number,
): Pick<DriveResult, "lock"> & { readonly readyAt: number } {
  const start = Math.max(lock.start, startedAt);
  const hasWaited = lock.end - start >= LEAST_WAIT_MS;
  return { readyAt: Math.max(listeningAt, startedAt), ...(hasWaited ? { lock: { start, end: lock.end } } : {}) };
}

/** What a server has of a session; where it is gone, or keeps it back, what opencode itself reads in its store. */
async function readFrom(
  server: RunningServer,
  id: string,
  { directory, command }: { readonly directory: string; readonly command: () => Promise<CommandOptions> },
  told: ToldMessages,
): Promise<ExportResult> {
  const { generation, connection } = server;
  const patience = AbortSignal.timeout(READ_MS);
  // Of a half-finished session the second generation's export has only the beginning; a server has all.
  const fromStore = async (): Promise<ExportResult> =>
    generation === 2
      ? withOwnServer(await command(), (own) => readSession2From(own.connection, id, AbortSignal.timeout(READ_MS)))
      : exportSession(id, await command());
  if (server.exit !== null) return await fromStore();
  const reading =
    generation === 2
      ? readSession2From(connection, id, patience)
      : readSessionFrom(await connect(connection, directory), id, patience, told);
  return await reading.catch((error: unknown) => {
    // 1.18's server may keep back a message that asked for a structured answer; its export does not.
    if (error instanceof ServerRequestError || patience.aborted) return fromStore();
    throw error;
  });
}

/** A run that ended while its server was still starting. */
function withoutServer(path: string, startedAt: number, by: NonNullable<StopRequest["by"]>): DriveResult {
  const { told: _told, read: _none, ...run } = notPrompted(startedAt, by);
  return {
    ...run,
    opencode: { path, version: null },
    driver: "server",
    server: null,
    tree: null,
    raw: new Map(),
    logText: "",
    wire: null,
    stderrTail: "",
  };
}

function refuseOld(version: string | null): void {
  if (version === null || versionSupport(version) !== "older") return;
  throw new OpenCodeCommandError("opencode serve", `is of opencode ${version}, which is too old for it.`, "");
}

/** The log of the run; where other sessions may stand in it too, its sessions' own lines and its directory's. */
async function logOf(
  { server }: ServerLease,
  { sessionIds, directory }: { readonly sessionIds: readonly string[]; readonly directory: string },
  isShared: boolean,
  from: number,
): Promise<string> {
  const text = await readBounded(server.logPath, LONGEST_LOG_BYTES, isShared ? from : 0);
  return isShared ? sessionLines(sessionIds, text, directory) : text;
}

const TAIL_LINES = 20;
const TAIL_LINE_LENGTH = 500;

/** What a server said beside its log before it ended. */
async function lastWords(logPath: string, from: number): Promise<string> {
  return (await readBounded(logPath, LONGEST_LOG_BYTES, from))
    .split("\n")
    .filter((line) => parseLogLine(line) === undefined)
    .map((line) => plainText(line).slice(0, TAIL_LINE_LENGTH))
    .filter(Boolean)
    .slice(-TAIL_LINES)
    .join("\n");
}
