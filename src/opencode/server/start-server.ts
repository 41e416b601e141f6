import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { onExit } from "signal-exit";
import { OpenCodeCommandError } from "../../errors/opencode-command-error.js";
import { OpenCodeNotFoundError } from "../../errors/opencode-not-found-error.js";
import { tellingLine } from "../../errors/telling-line.js";
import { readOwnText } from "../../files/own-files.js";
import { plainText } from "../../text/plain-text.js";
import { childEnvironment } from "../program/child-environment.js";
import { killProcesses } from "../program/end-processes.js";
import type { Generation } from "../program/generation.js";
import type { RunFolder } from "../program/run-folder.js";
import { type ProcessExit, type SpawnedProcess, spawnOpenCode } from "../program/spawn-opencode.js";
import { waitForText } from "../program/wait-for-text.js";
import { parseLogLine } from "../read/log-line.js";
import { releaseClaims, releaseProgram } from "../v2/server/release-claims.js";
import { authorization, type ServerConnection } from "./connection.js";
import { freePort } from "./free-port.js";
import { LONGEST_START_MS } from "./longest-start.js";
import { send, textOf } from "./patient-fetch.js";

export interface StartServerOptions {
  /** Absolute path of opencode. */
  readonly path: string;
  /** Which opencode that is; the first when not given. */
  readonly generation?: Generation | undefined;
  /** Private to this server; its temporary files and its log go there. Its maker removes it after the end. */
  readonly folder: Omit<RunFolder, "remove">;
  /** What opencode's environment is made from. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The server's own working directory; each request can name another project's. */
  readonly directory: string;
  /** JSON for OPENCODE_CONFIG_CONTENT; null leaves it as the environment has it. */
  readonly configContent: string | null;
  /** Whether opencode reads the projects' own opencode.json; left as the environment has it when not given. */
  readonly projectConfig?: boolean | undefined;
  /** For a server that only reads: fetch nothing from the network. */
  readonly quiet?: boolean;
  /** What puts looptrace's tap into it. */
  readonly wire?: Readonly<Record<string, string>> | undefined;
  /** Ends the server, also while it starts. */
  readonly signal?: AbortSignal | undefined;
}

/** A server that this process has started. */
export interface StartedServer extends RunningServer {
  readonly pid: number;
  /** Lets it go on when this process ends; another process has to see to its end then. */
  leave(): void;
}

/** An opencode server of looptrace's own, on 127.0.0.1. */
export interface RunningServer {
  readonly connection: ServerConnection;
  /** What it says it is, such as `1.18.33`; null when it does not say. Never fails. */
  readonly version: Promise<string | null>;
  readonly generation: Generation;
  /** The file with opencode's log; it grows. That of opencode 2 tells nothing of requests and tools. */
  readonly logPath: string;
  /** Set when the server has ended, however that came. */
  readonly exit: ProcessExit | null;
  /** Settles with the end of the server; never fails. */
  readonly ended: Promise<ProcessExit>;
  /** Ends it: SIGINT, and SIGKILL after the grace. Event streams must be closed before, else that takes long. */
  stop(): Promise<ProcessExit>;
}

const ANSWER_MS = 5_000;
const MOST_HEALTH_BYTES = 1024 * 1024;
const STOP_GRACE_MS = 3_000;
const PORT_ATTEMPTS = 3;
/** The last is the name under which 1.18.33 hides why it cannot listen. */
const PORT_TAKEN = /EADDRINUSE|in use|\bServeError\b/i;

/** In what the generations differ here. */
interface Dialect {
  /** Behind `serve` and the address. */
  readonly options: readonly string[];
  readonly variables: (password: string) => Readonly<Record<string, string>>;
  /** What tells the version, the first that answers. */
  readonly versionPaths: readonly string[];
  /** What is to be done before the server is told to end; never fails. */
  readonly beforeStop?: (connection: ServerConnection) => Promise<void>;
  /** The same for when this process ends before it. @returns does it at once */
  readonly onKill?: (folder: Omit<RunFolder, "remove">, connection: ServerConnection) => Promise<() => void>;
}

const DIALECTS: Readonly<Record<Generation, Dialect>> = {
  1: {
    options: ["--print-logs", "--log-level=INFO"],
    variables: (password) => ({ OPENCODE_SERVER_USERNAME: "opencode", OPENCODE_SERVER_PASSWORD: password }),
    versionPaths: ["/global/health"],
  },
  2: {
    options: [],
    // It reads the old name as well, but not where the new one says something else.
    variables: (password) => ({ OPENCODE_PASSWORD: password, OPENCODE_SERVER_PASSWORD: password }),
    // The second is that of the previews.
    versionPaths: ["/api/info", "/api/health"],
    beforeStop: releaseClaims,
    onKill: (folder, connection) => releaseProgram(folder, connection, authorization(connection).authorization ?? ""),
  },
};

/**
 * Starts `opencode serve` on a free port of 127.0.0.1, with a password that only this process knows, and waits until it
 * answers.
 *
 * It has a process group of its own, and is killed with all that it started when this process ends before it. That of
 * opencode 2 is a private one as well, never the service that opencode shares among its clients.
 *
 * @throws {OpenCodeNotFoundError} when the program cannot be started at all
 * @throws {OpenCodeCommandError} when it ends, or does not listen within {@link LONGEST_START_MS}
 * @throws the signal's reason
 */
export async function startServer(options: StartServerOptions): Promise<StartedServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startAt(await freePort(), attempt, options);
    } catch (error) {
      const taken = error instanceof OpenCodeCommandError && PORT_TAKEN.test(error.stderr);
      if (!taken || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function startAt(port: number, attempt: number, options: StartServerOptions): Promise<StartedServer> {
  const { folder, signal, generation = 1 } = options;
  const dialect = DIALECTS[generation];
  signal?.throwIfAborted();
  const files = await folder.streams(`serve-${attempt}`);
  const connection = { url: `http://127.0.0.1:${port}`, password: randomBytes(24).toString("base64url") };
  const stopping = new AbortController();
  let process: SpawnedProcess | undefined;
  const spawned = spawnOpenCode({
    path: options.path,
    arguments: ["serve", "--hostname=127.0.0.1", `--port=${port}`, ...dialect.options],
    directory: options.directory,
    environment: {
      ...childEnvironment(options.environment, {
        runId: folder.runId,
        temporary: folder.temporary,
        directory: options.directory,
        configContent: options.configContent,
        ...(options.projectConfig === undefined ? {} : { projectConfig: options.projectConfig }),
        ...(options.quiet === undefined ? {} : { quiet: options.quiet }),
        ...(options.wire === undefined ? {} : { wire: options.wire }),
      }),
      // Not in the arguments, which everybody can read.
      ...dialect.variables(connection.password),
    },
    files,
    deadlineMs: Number.POSITIVE_INFINITY,
    graceMs: STOP_GRACE_MS,
    signal: stopping.signal,
    onSpawn: (started) => {
      process = started;
    },
  });
  let releaseNow = (): void => undefined;
  const forget = onExit(() => {
    releaseNow();
    killProcesses(folder.runId);
  });
  const onAbort = () => void stop();
  signal?.addEventListener("abort", onAbort, { once: true });
  let exit: ProcessExit | null = null;
  let notStarted: Error | undefined;
  const ended = spawned.then(
    (how) => how,
    (error: unknown): ProcessExit => {
      notStarted = error instanceof Error ? error : new Error(String(error));
      return { kind: "exited", code: 1 };
    },
  );
  ended
    .then((how) => {
      exit = how;
      signal?.removeEventListener("abort", onAbort);
      forget();
    })
    .catch(() => undefined);
  let isListening = false;
  const stop = async () => {
    if (isListening && exit === null) await dialect.beforeStop?.(connection);
    stopping.abort();
    return await ended;
  };
  try {
    const wait = { hasEnded: () => exit !== null, ended, signal, deadlineMs: LONGEST_START_MS };
    // Until the server says so: a request that comes before may never be answered.
    if (!(await waitForText(files.stdout, "listening on", wait)) && exit === null)
      throw new OpenCodeCommandError("opencode serve", `did not listen within ${LONGEST_START_MS / 1000} s.`, "");
    signal?.throwIfAborted();
    if (exit !== null || process === undefined) {
      return await failed(exit ?? (await ended), files.stderr, notStarted, options.path);
    }
    const { pid, leave } = process;
    isListening = true;
    releaseNow = (await dialect.onKill?.(folder, connection)) ?? releaseNow;
    return {
      connection,
      generation,
      version: versionOf(connection, dialect.versionPaths).catch(() => null),
      logPath: files.stderr,
      get exit() {
        return exit;
      },
      ended,
      stop,
      pid,
      leave: () => {
        signal?.removeEventListener("abort", onAbort);
        forget();
        leave();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function failed(exit: ProcessExit, stderr: string, notStarted: Error | undefined, path: string): Promise<never> {
  if (notStarted) {
    throw new OpenCodeNotFoundError("opencode was found but cannot be started:", [`${path}: ${notStarted.message}`], {
      cause: notStarted,
    });
  }
  const how = exit.kind === "exited" ? `ended with exit code ${exit.code}` : `was ended by ${exit.signal}`;
  const said = (await readOwnText(stderr))
    .split("\n")
    .filter((line) => parseLogLine(line) === undefined)
    .map((line) => plainText(line).trim())
    .filter((line) => line !== "");
  const last = said.slice(-5);
  const why = tellingLine(said.join("\n"));
  const whole = why === undefined || last.includes(why) ? last : [why, ...last];
  throw new OpenCodeCommandError("opencode serve", `${how} before it listened.`, whole.join("\n"));
}

/** Read without a schema, since loading one takes as long as the server's start leaves time for. */
async function versionOf(connection: ServerConnection, paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    const answer = await send(`${connection.url}${path}`, {
      headers: authorization(connection),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const version = /"version"\s*:\s*"([^"]+)"/.exec(await textOf(answer, MOST_HEALTH_BYTES))?.[1];
    if (version !== undefined) return version;
  }
  return null;
}

/** A connection breaks a little before the end of its process is told. */
const END_TOLD_MS = 500;

/** Whether a server that broke a connection has ended. */
export async function isGone(server: RunningServer): Promise<boolean> {
  await Promise.race([server.ended, sleep(END_TOLD_MS, undefined, { ref: false })]);
  return server.exit !== null;
}
