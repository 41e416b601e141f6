import { setTimeout as sleep } from "node:timers/promises";
import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { ServerRequestError } from "../../errors/server-request-error.js";
import type { DriveHooks } from "../drive.js";
import { initialProgress, type Progress } from "../progress.js";
import type { CheckedRequest } from "../run-request.js";
import type { RunResult, StreamError } from "../run-session.js";
import type { RunEvent } from "../schema/run-event.js";
import type { ServerEvent } from "../schema/server-event.js";
import type { ProcessExit, RunExit, StoppedBy } from "../spawn-opencode.js";
import { connect } from "./connection.js";
import { type FollowOptions, followEvents } from "./event-stream.js";
import { missedEvents } from "./missed-events.js";
import { filePart, openSession, usableAgent } from "./open-session.js";
import type { RunEnding } from "./run-ending.js";
import { servedProgress } from "./served-progress.js";
import { isGone, type RunningServer } from "./start-server.js";
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
  /** Ends it: before the prompt nothing has happened then, later the turn is aborted. */
  readonly ending: RunEnding;
  /** Where in the server's log this run begins, in bytes. */
  readonly logFrom: number;
  readonly onServed?: DriveHooks["onServed"];
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
}

/** A turn on a server, as far as the server told about it; the session is still to be read. */
export type ServedRun = Omit<RunResult, "logPath" | "stderrTail">;

/** Before the prompt was handed over: nothing has happened that could not be tried in another way. */
export class NotYetPromptedError extends Error {
  override readonly name = "NotYetPromptedError";
}

/** A run that was ended before its prompt was handed over. */
export function notPrompted(startedAt: number, by: NonNullable<RunEnding["by"]>): ServedRun {
  return {
    sessionId: null,
    exit: { kind: "served", asked: by },
    startedAt,
    endedAt: Date.now(),
    streamErrors: [],
    permissions: [],
    retries: [],
    progress: initialProgress,
    notes: [],
  };
}

/** Beyond this a timer of Node fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** A loop that has not begun when it is to be aborted does not notice. */
const ABORT_AGAIN_MS = 250;
const CONNECT_MS = 5_000;
const DRAIN_MS = 1_000;
const STATUS_POLL_MS = 500;

/**
 * Hands a prompt to a server and waits until the loop has ended. Like `opencode run`, but without a start, and with the server's events:
 * permissions are answered by the caller's policy, and requests that are made again are seen.
 *
 * At the deadline and on the caller's wish the turn is aborted; before the prompt there is none, and no model is asked. If the server does not manage that within the grace, or goes
 * away, the result says how that ended; the session then has to be read without it.
 *
 * @throws {NotYetPromptedError} when the server could not be used at all
 * @throws {SessionNotFoundError} when the session that was to be continued does not exist
 * @throws what a hook throws; the turn is aborted then
 */
export async function runOnServer(options: ServedRunOptions): Promise<ServedRun> {
  const { server, request, ending } = options;
  const client = await connect(server.connection, request.directory);
  const preparing = await connect(server.connection, request.directory, ending.signal);
  const listening = new AbortController();
  let onEvent: (event: ServerEvent) => void = () => undefined;
  let onConnected: () => void = () => undefined;
  const { connected, following } = listen(server, request.directory, listening.signal, {
    // What the server says before there is a session is about others.
    onEvent: (event) => onEvent(event),
    onConnected: () => onConnected(),
  });
  let release: (() => Promise<void>) | undefined;
  try {
    const ready = Promise.all([prepared(preparing, options), connected, options.usable]);
    const session = await unlessAborted(ready, ending.signal).then(
      ([opened]) => opened,
      (error: unknown) => {
        if (ending.by === undefined) throw error;
        return undefined;
      },
    );
    if (!session || ending.by !== undefined) return notPrompted(options.startedAt, ending.by ?? "caller");
    const turn = createTurn(client, options, session);
    onEvent = turn.take;
    // Of a permission that was asked for meanwhile nobody else would know: the agent would wait for ever.
    onConnected = () => {
      missedEvents(client, session.sessionId, options.startedAt, listening.signal)
        .then((events) => {
          if (!listening.signal.aborted) for (const event of events) turn.take(event);
        })
        .catch(() => undefined);
    };
    release = options.onServed?.({
      connection: server.connection,
      directory: request.directory,
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

interface Turn {
  readonly take: (event: ServerEvent) => void;
  readonly play: () => Promise<ServedRun>;
}

function createTurn(client: OpencodeClient, options: ServedRunOptions, session: OpenedSession): Turn {
  const { server, request, startedAt } = options;
  const { sessionId } = session;
  const run = servedProgress(sessionId, startedAt);
  const watch = createTurnWatch(
    { sessionId, isOurs: run.isOurs },
    request.permissions ?? "deny",
    (answer) => client.permission.reply(answer),
    options.isShared,
  );
  const failing = new AbortController();
  let hookProblem: unknown;
  let idle = false;
  return {
    take: (event) => {
      const before = run.progress;
      const events = run.take(event);
      watch.take(event);
      if (isIdle(event, sessionId)) idle = true;
      if (run.progress === before && events.length === 0) return;
      try {
        for (const one of events) options.onEvent?.(one);
        if (run.progress !== before) options.onProgress?.(run.progress);
      } catch (problem) {
        hookProblem ??= problem;
        failing.abort();
      }
    },
    play: async () => {
      const end = await turnEnd(client, options, { ...session, failing: failing.signal });
      // What the server answered a prompt with that it could not begin.
      const refused = end.error ? [{ error: end.error, at: Date.now() }] : [];
      // What it says last is often still on its way when the answer is here.
      const giveUpAt = performance.now() + DRAIN_MS;
      while (!idle && server.exit === null && performance.now() < giveUpAt) await sleep(5);
      await watch.settled();
      if (failing.signal.aborted) throw hookProblem;
      return {
        sessionId,
        exit: end.exit,
        startedAt,
        endedAt: Date.now(),
        streamErrors: [...watch.streamErrors(), ...refused],
        permissions: watch.permissions(),
        retries: watch.retries(),
        progress: run.progress,
        notes: watch.notes,
      };
    },
  };
}

interface OpenedSession {
  readonly sessionId: string;
  readonly agent: string | undefined;
}

async function prepared(
  client: OpencodeClient,
  { request, agent, environment }: ServedRunOptions,
): Promise<OpenedSession> {
  try {
    const usable = await usableAgent(client, agent);
    return { sessionId: await openSession(client, request, environment), agent: usable };
  } catch (error) {
    if (!(error instanceof ServerRequestError) && !isNetworkFailure(error)) throw error;
    throw new NotYetPromptedError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function isNetworkFailure(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^E[A-Z]+$/.test(String(error.code));
}

function listen(
  server: RunningServer,
  directory: string,
  signal: AbortSignal,
  { onEvent, onConnected }: Pick<FollowOptions, "onEvent"> & { readonly onConnected: () => void },
): { readonly connected: Promise<void>; readonly following: Promise<void> } {
  let following: Promise<void> = Promise.resolve();
  const connected = new Promise<void>((resolve) => {
    // Without events a turn can be driven all the same, until they come: only a permission has to wait for them.
    const patience = setTimeout(resolve, CONNECT_MS);
    following = followEvents(server.connection, {
      directory,
      signal,
      onEvent,
      onConnected: () => {
        clearTimeout(patience);
        resolve();
        onConnected();
      },
    }).finally(() => clearTimeout(patience));
  });
  return { connected, following };
}

function isIdle(event: ServerEvent, sessionId: string): boolean {
  if (event.type === "session.idle") return event.properties.sessionID === sessionId;
  return (
    event.type === "session.status" &&
    event.properties.sessionID === sessionId &&
    event.properties.status.type === "idle"
  );
}

interface TurnEnd {
  readonly exit: RunExit;
  /** What the server answered the prompt with, where that was no message. */
  readonly error?: StreamError["error"];
}

interface Prompt extends OpenedSession {
  /** Aborted when the turn is to end for a failure on this side. */
  readonly failing: AbortSignal;
}

/** Prompts, waits, and aborts the turn when it is time. */
async function turnEnd(
  client: OpencodeClient,
  options: ServedRunOptions,
  { sessionId, agent, failing }: Prompt,
): Promise<TurnEnd> {
  const { server, request, ending } = options;
  const giveUp = new AbortController();
  let asked: Exclude<StoppedBy, "other"> | undefined;
  let graceTimer: NodeJS.Timeout | undefined;
  let again: NodeJS.Timeout | undefined;
  const abort = (by: Exclude<StoppedBy, "other">): void => {
    if (asked) return;
    asked = by;
    const send = (): void => {
      client.session.abort({ sessionID: sessionId }, { signal: giveUp.signal }).catch(() => undefined);
    };
    send();
    again = setInterval(send, ABORT_AGAIN_MS);
    if (request.graceMs <= LONGEST_TIMER_MS) graceTimer = setTimeout(() => giveUp.abort(), request.graceMs);
  };
  const onEnding = () => abort(ending.by ?? "caller");
  const onFailing = () => abort("caller");
  // Whoever was told of the session may have ended it at once.
  if (ending.by !== undefined) return { exit: { kind: "served", asked: ending.by } };
  ending.signal.addEventListener("abort", onEnding, { once: true });
  failing.addEventListener("abort", onFailing, { once: true });
  try {
    const answer = await prompt(client, options, { sessionId, agent, signal: giveUp.signal });
    const served: RunExit = { kind: "served", ...(asked === undefined ? {} : { asked }) };
    return { exit: served, ...(answer.error === undefined ? {} : { error: answer.error }) };
  } catch {
    // The connection broke: the server is gone, or did not abort in time and will have to go.
    if (!giveUp.signal.aborted) await isGone(server);
    if (
      server.exit === null &&
      !giveUp.signal.aborted &&
      (await idleAfterAll(client, sessionId, giveUp.signal))
    )
      return { exit: { kind: "served", ...(asked === undefined ? {} : { asked }) } };
    const exit = await server.stop();
    return {
      exit: asked === undefined ? byOthers(exit) : { kind: "signalled", signal: "SIGKILL", by: asked },
    };
  } finally {
    clearTimeout(graceTimer);
    clearInterval(again);
    ending.signal.removeEventListener("abort", onEnding);
    failing.removeEventListener("abort", onFailing);
  }
}

/** A server that was stopped was not stopped for this turn: that is another's on it, or the pool's end. */
function byOthers(exit: ProcessExit): ProcessExit {
  return exit.kind === "exited" ? { kind: "exited", code: exit.code } : { ...exit, by: "other" };
}

/** @throws when there was no answer at all */
async function prompt(
  client: OpencodeClient,
  { request }: ServedRunOptions,
  { sessionId, agent, signal }: { sessionId: string; agent: string | undefined; signal: AbortSignal },
): Promise<{ readonly error?: StreamError["error"] }> {
  const { message, command, model, variant, files, schema } = request;
  const shared = {
    sessionID: sessionId,
    ...(agent === undefined ? {} : { agent }),
    ...(variant === undefined ? {} : { variant }),
  };
  const answer =
    command === undefined
      ? await client.session.prompt(
          {
            ...shared,
            ...(model === undefined ? {} : { model: modelParts(model) }),
            ...(schema === undefined ? {} : { format: { type: "json_schema", schema } }),
            parts: [...files.map(filePart), { type: "text", text: message }],
          },
          { signal },
        )
      : await client.session.command(
          { ...shared, command, arguments: message, ...(model === undefined ? {} : { model }) },
          { signal },
        );
  if (answer.response?.ok === true) return {};
  // The SDK gives failures of the connection as it gives refusals.
  if (answer.response === undefined) throw answer.error;
  const { error } = answer;
  const name =
    typeof error === "object" && error !== null && "name" in error ? String(error.name) : "UnknownError";
  const data =
    typeof error === "object" && error !== null && "data" in error ? error.data : { message: String(error) };
  return { error: { name, data } };
}

function modelParts(model: string): { readonly providerID: string; readonly modelID: string } {
  const [providerID = "", ...rest] = model.split("/");
  return { providerID, modelID: rest.join("/") };
}

/** Where only the connection broke, the turn goes on: until the server says that it is over, or is gone. */
async function idleAfterAll(
  client: OpencodeClient,
  sessionId: string,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const { data } = await client.session.status({}, { signal }).catch(() => ({ data: undefined }));
    if (!data) return false;
    const status = data[sessionId];
    if (status === undefined || status.type === "idle") return true;
    await sleep(STATUS_POLL_MS);
  }
}
