import { setTimeout as sleep } from "node:timers/promises";
import { onExit } from "signal-exit";
import { RunRequestError } from "../../errors/run-request-error.js";
import { plainText } from "../../text/plain-text.js";
import type { Interval } from "../model/values.js";
import { childEnvironment } from "../program/child-environment.js";
import { configuredServers } from "../program/configured-servers.js";
import { endProcesses, killProcesses } from "../program/end-processes.js";
import { followLines } from "../program/follow-lines.js";
import type { Generation } from "../program/generation.js";
import type { OpenCodeProgram } from "../program/opencode-version.js";
import { prepareConfig } from "../program/prepare-config.js";
import type { RunFolder } from "../program/run-folder.js";
import { type RunExit, type SpawnOptions, spawnOpenCode } from "../program/spawn-opencode.js";
import { parseLogLine } from "../read/log-line.js";
import type { StructuredAnswer } from "../request/asked-answer.js";
import { initialProgress, type Phase, type Progress, reduceProgress } from "../request/progress.js";
import type { CheckedRequest } from "../request/run-request.js";
import type { PermissionWait, SeenRetry } from "../schema/event-facts.js";
import { type RunEvent, readRunEvent } from "../schema/run-event.js";
import type { ErrorObject } from "../schema/session-export.js";
import { runArguments2 } from "../v2/cli/run-arguments.js";
import { readRunEvent2 } from "../v2/cli/run-event.js";
import { runArguments } from "./run-arguments.js";

export interface RunSessionOptions {
  readonly opencode: OpenCodeProgram;
  /** Which opencode that is. */
  readonly generation: Generation;
  readonly request: CheckedRequest;
  readonly folder: RunFolder;
  /** What opencode's environment is made from. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What puts looptrace's tap into opencode. */
  readonly wire?: Readonly<Record<string, string>> | undefined;
  /** Ends the run: SIGINT, and SIGKILL after the grace. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each new state, at most about ten times a second. What it throws ends the run and is thrown on. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Called once the session's id is known, see `DriveHooks`. */
  readonly onSession?: ((sessionId: string, runId: string) => void) | undefined;
  /**
   * Called with each event of the run stream: what is finished in the root session. What it throws ends the run too.
   */
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
}

/** An `error` event of the run stream. */
export interface StreamError {
  readonly error: ErrorObject;
  /** When opencode wrote it; epoch, ms. */
  readonly at: number;
}

/** What a run left, before its session is exported. Times: epoch, ms. */
export interface RunResult {
  /** Null when opencode never came to make one. */
  readonly sessionId: string | null;
  readonly exit: RunExit;
  readonly startedAt: number;
  readonly endedAt: number;
  /** On a server: when it was there for the turn, and when it waited until another one had started. */
  readonly readyAt?: number;
  readonly lock?: Interval;
  /** The `error` events of the run stream, in order: for an unknown model they are the only evidence. */
  readonly streamErrors: readonly StreamError[];
  /** What was asked for and what was tried again, where the events of a server told. */
  readonly permissions: readonly PermissionWait[];
  readonly retries: readonly SeenRetry[];
  /** The names of the MCP servers that opencode had, as configured. */
  readonly mcpServers: readonly string[];
  /** The agents that could be asked for, where a server told them. */
  readonly agents?: readonly string[];
  /** The structured answer, where it was asked for in the prompt: opencode 2 has none of its own. */
  readonly structured?: StructuredAnswer;
  /** The last state of the progress. */
  readonly progress: Progress;
  /** What a person should know about the way it went. */
  readonly notes: readonly string[];
  /** The file with opencode's log, in the run folder. */
  readonly logPath: string;
  /** What opencode said on standard error beside its log; its last lines, without control characters. */
  readonly stderrTail: string;
}

const POLL_MS = 100;
const TAIL_LINES = 20;
const TAIL_LINE_LENGTH = 500;

/**
 * Runs opencode once and waits for its end. How the turn went is not judged here: the session says that, the exit code
 * does not.
 *
 * When the run was killed, the processes that it left are ended too. After a normal end they are
 * left alone: an agent may have started a server on purpose.
 *
 * @throws {RunRequestError} when the configuration cannot be handed over
 * @throws the system's error when opencode cannot be started
 */
export async function runSession(options: RunSessionOptions): Promise<RunResult> {
  const { folder } = options;
  const spawnOptions = await prepare(options);
  // Aborted when listening stops, so that opencode does not outlive a failure on this side.
  const givenUp = new AbortController();
  // Until the last process is gone, not only while opencode lives: a second Ctrl-C often comes between the two.
  const forget = onExit(() => killProcesses(folder.runId));
  try {
    return await runAndClear(options, spawnOptions, givenUp);
  } finally {
    forget();
  }
}

async function runAndClear(
  options: RunSessionOptions,
  spawnOptions: SpawnOptions,
  givenUp: AbortController,
): Promise<RunResult> {
  const { folder, request } = options;
  const { stdout, stderr } = spawnOptions.files;
  const startedAt = Date.now();
  const servers = serversOf(options);
  const signal = options.signal ? AbortSignal.any([options.signal, givenUp.signal]) : givenUp.signal;
  const ending = spawnOpenCode({ ...spawnOptions, signal });
  let watched: Watched;
  try {
    const known = request.fork === true ? null : (request.session ?? null);
    watched = await watch(stdout, stderr, ending, { ...options, mcpServers: await servers, startedAt, known });
  } catch (error) {
    givenUp.abort();
    await ending.catch(() => undefined);
    await endProcesses(folder.runId);
    throw error;
  }
  const exit = await ending;
  const endedAt = Date.now();
  if (exit.kind === "signalled") await endProcesses(folder.runId);
  return {
    sessionId: watched.progress.sessionId ?? watched.mentioned ?? request.session ?? null,
    exit,
    startedAt,
    endedAt,
    streamErrors: watched.errors,
    permissions: [],
    retries: [],
    mcpServers: await servers,
    notes: [],
    progress: watched.progress,
    logPath: stderr,
    stderrTail: watched.tail.join("\n"),
  };
}

async function serversOf({ request, environment }: RunSessionOptions): Promise<readonly string[]> {
  const { directory, mcp = [], projectConfig = false } = request;
  const configured = await configuredServers({ directory, environment, projectConfig });
  return [...new Set([...mcp.map(({ name }) => name), ...configured])];
}

/** Everything that a start of opencode needs, on disk and in its environment. */
async function prepare(options: RunSessionOptions): Promise<SpawnOptions> {
  const { folder, request, environment } = options;
  const { configContent, agent } = await prepareConfig(request, folder, environment);
  const runArgs =
    options.generation === 2 ? runArguments2(request, agent) : runArguments(request, options.opencode.version, agent);
  if (runArgs.some((argument) => argument.includes("\0"))) {
    throw new RunRequestError("extraArguments", "contain a NUL character, which no program's arguments can.");
  }
  return {
    path: options.opencode.path,
    arguments: runArgs,
    directory: request.directory,
    environment: childEnvironment(environment, {
      runId: folder.runId,
      temporary: folder.temporary,
      directory: request.directory,
      projectConfig: request.projectConfig ?? false,
      configContent,
      ...(options.wire === undefined ? {} : { wire: options.wire }),
    }),
    files: await folder.streams("run", request.message),
    deadlineMs: request.deadlineMs,
    graceMs: request.graceMs,
    // That of opencode 2 interrupts the turn on its server before it ends both: a server that is told to end itself
    // would leave the turn for the service that its clients share.
    isAskedAlone: options.generation === 2,
  };
}

interface Watched {
  readonly progress: Progress;
  readonly errors: readonly StreamError[];
  readonly tail: readonly string[];
  /** The first session id that was seen anywhere, for when no event and no log line said which it is. */
  readonly mentioned: string | undefined;
}

/** Follows both files until opencode has ended and all that it wrote is read. */
async function watch(
  stdout: string,
  stderr: string,
  ending: Promise<unknown>,
  {
    mcpServers,
    startedAt,
    known,
    ...hooks
  }: Pick<RunSessionOptions, "onProgress" | "onEvent" | "onSession" | "folder" | "generation"> & {
    readonly mcpServers: readonly string[];
    readonly startedAt: number;
    /** The session that is continued; null: it is told by what opencode writes first. */
    readonly known: string | null;
  },
): Promise<Watched> {
  const readEvent = hooks.generation === 2 ? readRunEvent2 : readRunEvent;
  const events = await followLines(stdout);
  const log = await followLines(stderr).catch(async (error: unknown) => {
    await events.close();
    throw error;
  });
  const phase: Phase = { kind: "starting", since: startedAt, isBegun: true };
  let progress: Progress = { ...initialProgress, sessionId: known, phase };
  let isTold = false;
  const errors: StreamError[] = [];
  let tail: string[] = [];
  let mentioned: string | undefined;
  const takeEvent = (text: string) => {
    mentioned ??= sessionIdIn(text);
    const event = readEvent(text);
    if (!event) return;
    if (event.type === "error") errors.push({ error: event.error, at: event.timestamp });
    progress = reduceProgress(progress, { from: "stream", event });
    hooks.onEvent?.(event);
  };
  const takeLine = (text: string) => {
    mentioned ??= sessionIdIn(text);
    const line = parseLogLine(text);
    if (line) progress = reduceProgress(progress, { from: "log", line, mcpServers });
    else tail = [...tail, plainText(text).slice(0, TAIL_LINE_LENGTH)].filter(Boolean).slice(-TAIL_LINES);
  };
  try {
    let ended = false;
    const end = ending.finally(() => {
      ended = true;
    });
    // Its failure is the caller's to handle; here it only matters that it is over.
    end.catch(() => undefined);
    for (;;) {
      const isLast = ended;
      const before = progress;
      // The log first: it says what begins, the stream what is done.
      for (const text of await log.poll()) takeLine(text);
      for (const text of await events.poll()) takeEvent(text);
      if (isLast) {
        takeLine(log.rest());
        takeEvent(events.rest());
      }
      if (progress !== before) {
        if (!isTold && progress.sessionId !== null) hooks.onSession?.(progress.sessionId, hooks.folder.runId);
        isTold ||= progress.sessionId !== null;
        hooks.onProgress?.(progress);
      }
      if (isLast) return { progress, errors, tail, mentioned };
      await Promise.race([sleep(POLL_MS), end.catch(() => undefined)]);
    }
  } finally {
    await Promise.all([events.close(), log.close()]);
  }
}

function sessionIdIn(text: string): string | undefined {
  return /\bses_[0-9A-Za-z]{20,40}\b/.exec(text)?.[0];
}
