import { setImmediate as othersTurn, setTimeout as sleep } from "node:timers/promises";
import { ServerRequestError } from "../../errors/server-request-error.js";
import type { RunResult } from "../cli/run-session.js";
import { followLines } from "../program/follow-lines.js";
import { type LogLine, parseLogLine } from "../read/log-line.js";
import type { DriveHooks } from "../request/drive-request.js";
import { initialProgress, type Progress } from "../request/progress.js";
import type { CheckedRequest } from "../request/run-request.js";
import type { RunEvent } from "../schema/run-event.js";
import type { ToldMessages } from "./read-messages.js";
import { createRestWatch, isIdle } from "./rest-watch.js";
import type { OpenedSession, ServerAdapter, TurnEnd } from "./server-adapter.js";
import type { RunningServer } from "./start-server.js";
import type { StopRequest } from "./stop-request.js";
import { createTurnWatch } from "./turn-watch.js";
import { unlessAborted } from "./unless-aborted.js";

export interface ServedRunOptions {
  readonly server: RunningServer;
  readonly request: CheckedRequest;
  /** The agent to run with, after the generated configuration had its say. */
  readonly agent: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** When the run began; epoch, ms. */
  readonly startedAt: number;
  /** Fails when the server is none to work with. */
  readonly usable: Promise<void>;
  /** Whether other prompts use the server too. */
  readonly isShared: boolean;
  /**
   * Tells that the turn will be worked at in another directory than the request's. @returns whether the server can be
   * used there
   */
  readonly enter: (directory: string) => Promise<boolean>;
  /** Ends it: before the prompt nothing has happened then, later the turn is aborted. */
  readonly stop: StopRequest;
  /** Where in the server's log this run begins, in bytes. */
  readonly logFrom: number;
  /** What marks the server and all that it starts. */
  readonly runId: string;
  /** Says which trace a prompt will become; undefined where requests are to carry none. */
  readonly announce?: ((sessionId: string, traceId: string) => Promise<void>) | undefined;
  readonly onSession?: DriveHooks["onSession"];
  readonly onServed?: DriveHooks["onServed"];
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
}

/** A turn on a server, as far as the server told about it; the session is still to be read. */
export interface ServedRun extends Omit<RunResult, "logPath" | "stderrTail"> {
  /** Where opencode worked at it, if the server was asked. */
  readonly directory?: string;
  /** Of messages that the server may not give out. */
  readonly told: ToldMessages;
  /** See `TurnEnd`. */
  readonly read?: TurnEnd["read"];
}

/** Before the prompt was handed over: nothing has happened that could not be tried in another way. */
export class NotYetPromptedError extends Error {
  override readonly name = "NotYetPromptedError";
}

/** A run that was ended before its prompt was handed over. */
export function notPrompted(startedAt: number, by: NonNullable<StopRequest["by"]>): ServedRun {
  return {
    sessionId: null,
    exit: { kind: "served", asked: by },
    startedAt,
    endedAt: Date.now(),
    streamErrors: [],
    permissions: [],
    retries: [],
    mcpServers: [],
    progress: initialProgress,
    notes: [],
    told: () => [],
  };
}

const CONNECT_MS = 5_000;
const DRAIN_MS = 1_000;

/**
 * Hands a prompt to a server and waits until the loop has ended. Like `opencode run`, but without a start, and with the
 * server's events: permissions are answered by the caller's policy, and requests that are made again are seen.
 *
 * At the deadline and on the caller's wish the turn is aborted; before the prompt there is none, and no model is asked.
 * If the server does not manage that within the grace, or goes away, the result says how that ended; the session then
 * has to be read without it.
 *
 * @throws {NotYetPromptedError} when the server could not be used at all
 * @throws {SessionNotFoundError} when the session that was to be continued does not exist
 * @throws what a hook throws; the turn is aborted then
 */
export async function runOnServer<Client, Event>(
  adapter: ServerAdapter<Client, Event>,
  asked: ServedRunOptions,
): Promise<ServedRun> {
  const { server, stop } = asked;
  // Told of below: until then other things are waited for.
  asked.usable.catch(() => undefined);
  const request = await atItsPlace(adapter, asked);
  const options = { ...asked, request };
  const listening = new AbortController();
  let onEvent: (event: Event) => void = () => undefined;
  let onConnected: () => void = () => undefined;
  const { connected, following } = listen(adapter, server, {
    directory: request.directory,
    signal: listening.signal,
    // What the server says before there is a session is about others.
    onEvent: (event) => onEvent(event),
    onConnected: () => onConnected(),
  });
  const create = newSession(adapter, options);
  let release: (() => Promise<void>) | undefined;
  try {
    // What is asked goes out in the next turn of the event loop; to load the client would hold it up.
    await othersTurn();
    await othersTurn();
    const client = await adapter.connect(server.connection, request.directory);
    const preparing = await adapter.connect(server.connection, request.directory, stop.signal);
    const ready = Promise.all([prepared(adapter, preparing, options, create), connected, options.usable]);
    const session = await unlessAborted(ready, stop.signal).then(
      ([opened]) => opened,
      (error: unknown) => {
        if (stop.by === undefined) throw error;
        return undefined;
      },
    );
    if (!session || stop.by !== undefined) return notPrompted(options.startedAt, stop.by ?? "caller");
    const turn = createTurn(adapter, client, options, session);
    onEvent = turn.take;
    // A permission that was asked for meanwhile would stay unanswered: the agent would wait for ever.
    onConnected = () => {
      turn.interrupted();
      adapter
        .missed(client, session.sessionId, options.startedAt, listening.signal)
        .then((events) => {
          if (!listening.signal.aborted) for (const event of events) turn.take(event);
        })
        .catch(() => undefined);
    };
    options.onSession?.(session.sessionId, options.runId);
    release = options.onServed?.({
      connection: server.connection,
      generation: server.generation,
      directory: request.directory,
      version: server.version,
      mcpServers: session.mcpServers,
      sessionId: session.sessionId,
      logPath: server.logPath,
      logFrom: options.logFrom,
      startedAt: options.startedAt,
    });
    return await turn.play();
  } finally {
    listening.abort();
    await Promise.all([following, release?.()]);
  }
}

/** The request, with the directory that opencode will work in: that of the session which is gone on with. */
async function atItsPlace<Client, Event>(
  { directoryOf }: ServerAdapter<Client, Event>,
  { server, request, stop, enter }: ServedRunOptions,
): Promise<CheckedRequest> {
  const { session, directory } = request;
  if (session === undefined || !directoryOf) return request;
  const own = await directoryOf(server.connection, directory, session, stop.signal);
  if (own === undefined || own === directory) return request;
  if (!(await enter(own))) throw new NotYetPromptedError(`the server cannot be used in ${own}`);
  return { ...request, directory: own };
}

interface Turn<Event> {
  readonly take: (event: Event) => void;
  /** Events may have been missed. */
  readonly interrupted: () => void;
  readonly play: () => Promise<ServedRun>;
}

function createTurn<Client, Event>(
  adapter: ServerAdapter<Client, Event>,
  client: Client,
  options: ServedRunOptions,
  session: OpenedSession,
): Turn<Event> {
  const { server, request, startedAt } = options;
  const { sessionId } = session;
  const followed = { sessionId, mcpServers: session.mcpServers, promptedAt: Date.now() };
  const run = adapter.progress(followed, startedAt);
  const watch = createTurnWatch(
    { sessionId, isOurs: run.isOurs },
    request.permissions ?? "deny",
    adapter.reply(client),
    options.isShared || adapter.keepsAlways,
  );
  const told = adapter.told(sessionId);
  const failing = new AbortController();
  let hookProblem: unknown;
  let idle = false;
  const rest = createRestWatch(sessionId);
  const fail = (problem: unknown): void => {
    hookProblem ??= problem;
    failing.abort();
  };
  let shown: Progress | undefined;
  const tell = (progress: Progress): void => {
    if (progress === shown) return;
    shown = progress;
    try {
      options.onProgress?.(progress);
    } catch (problem) {
      fail(problem);
    }
  };
  return {
    interrupted: told.forget,
    take: (event) => {
      told.take(event);
      const before = run.progress;
      const events = run.take(event);
      for (const fact of adapter.facts(event)) {
        watch.take(fact);
        rest.take(fact);
        if (isIdle(fact, sessionId)) idle = true;
      }
      adapter.serve(client, event, run.isOurs);
      if (run.progress === before && events.length === 0) return;
      try {
        for (const one of events) options.onEvent?.(one);
        if (run.progress !== before) tell(run.progress);
      } catch (problem) {
        fail(problem);
      }
    },
    play: async () => {
      const turn = { ...options, ...session, failing: failing.signal, rest };
      tell(run.progress);
      const stopReading = followLog(options, run.takeLine, () => tell(run.progress));
      const end = await adapter.play(client, turn).finally(stopReading);
      // What the server answered a prompt with that it could not begin.
      const refused = end.error ? [{ error: end.error, at: Date.now() }] : [];
      // What it says last is often still on its way when the answer is here.
      const giveUpAt = performance.now() + DRAIN_MS;
      while (!idle && server.exit === null && performance.now() < giveUpAt) await sleep(5);
      await watch.settled();
      if (failing.signal.aborted) throw hookProblem;
      return {
        directory: request.directory,
        sessionId,
        exit: end.exit,
        startedAt,
        endedAt: Date.now(),
        streamErrors: [...watch.streamErrors(), ...refused],
        permissions: watch.permissions(),
        retries: watch.retries(),
        mcpServers: session.mcpServers,
        ...(session.agents ? { agents: session.agents } : {}),
        progress: run.progress,
        notes: watch.notes,
        told: told.messages,
        ...(end.structured ? { structured: end.structured } : {}),
        ...(end.read ? { read: end.read } : {}),
      };
    },
  };
}

const POLL_MS = 100;

/**
 * Reads the server's log while it grows, where a caller wants to know what the server is at; one that cannot be read
 * tells nothing.
 *
 * @returns ends it
 */
function followLog(
  { server, logFrom, onProgress }: ServedRunOptions,
  take: ((line: LogLine) => void) | undefined,
  onRead: () => void,
): () => Promise<void> {
  if (!take || !onProgress) return async () => undefined;
  const ending = new AbortController();
  const reading = async (): Promise<void> => {
    const log = await followLines(server.logPath, logFrom);
    try {
      while (!ending.signal.aborted) {
        for (const text of await log.poll()) {
          const line = parseLogLine(text);
          if (line) take(line);
        }
        onRead();
        await sleep(POLL_MS, undefined, { signal: ending.signal });
      }
    } finally {
      await log.close();
    }
  };
  const read = reading().catch(() => undefined);
  return async () => {
    ending.abort();
    await read;
  };
}

/**
 * Makes the run's session once, and at once where nothing that the server is still to be asked could forbid it: opencode
 * does so while its client is loaded here.
 */
function newSession<Client, Event>(
  { create, asksFirst }: ServerAdapter<Client, Event>,
  { server, request, agent, stop }: ServedRunOptions,
): () => Promise<string> {
  let made: Promise<string> | undefined;
  const make = (): Promise<string> => (made ??= create(server.connection, request, stop.signal));
  const isNew = request.session === undefined && request.continueLast !== true;
  // Told of where it is waited for.
  if (isNew && agent === undefined && !asksFirst(request)) make().catch(() => undefined);
  return make;
}

async function prepared<Client, Event>(
  adapter: ServerAdapter<Client, Event>,
  client: Client,
  { request, agent, environment }: ServedRunOptions,
  create: () => Promise<string>,
): Promise<OpenedSession> {
  try {
    return await adapter.open(client, request, agent, environment, create);
  } catch (error) {
    if (!(error instanceof ServerRequestError) && !isNetworkFailure(error)) throw error;
    throw new NotYetPromptedError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function isNetworkFailure(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^E[A-Z]+$/.test(String(error.code));
}

function listen<Client, Event>(
  { follow }: ServerAdapter<Client, Event>,
  { connection }: RunningServer,
  hooks: Parameters<ServerAdapter<Client, Event>["follow"]>[1],
): { readonly connected: Promise<void>; readonly following: Promise<void> } {
  let following: Promise<void> = Promise.resolve();
  const connected = new Promise<void>((resolve) => {
    // Without events a turn can be driven all the same, until they come: only a permission has to wait for them.
    const patience = setTimeout(resolve, CONNECT_MS);
    const onConnected = (): void => {
      clearTimeout(patience);
      resolve();
      hooks.onConnected();
    };
    following = follow(connection, { ...hooks, onConnected }).finally(() => clearTimeout(patience));
  });
  return { connected, following };
}
