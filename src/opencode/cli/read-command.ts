import { setTimeout as sleep } from "node:timers/promises";
import { OpenCodeCommandError } from "../../errors/opencode-command-error.js";
import { readOwnText } from "../../files/own-files.js";
import { plainText } from "../../text/plain-text.js";
import { childEnvironment } from "../program/child-environment.js";
import type { RunFolder } from "../program/run-folder.js";
import { spawnOpenCode } from "../program/spawn-opencode.js";
import { parseLogLine } from "../read/log-line.js";

/** Where and how opencode's short commands are run. */
export interface CommandOptions {
  /** Absolute path of opencode. */
  readonly path: string;
  readonly folder: RunFolder;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Which project's sessions are meant. */
  readonly directory: string;
  /** How long one start of a command may take, ms; two minutes by default. */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A cold start takes three quarters of a minute where a machine has much else to do. */
const DEFAULT_DEADLINE_MS = 120_000;
const GRACE_MS = 1_000;

/**
 * How long to wait before a command that found the store locked is started again, ms.
 *
 * opencode sets how patient its store is only after it has opened it: while another opencode opens the same store,
 * closes it, or mends what one left that was killed, it fails at once. looptrace itself starts several commands side by
 * side.
 */
const LOCKED_WAITS_MS = [50, 200, 1_000];
const LOCKED = "database is locked";

/**
 * What one of opencode's commands prints, whole: it goes into a file, because opencode loses what a pipe has not taken.
 *
 * @throws {OpenCodeCommandError} when it fails, takes too long or was ended
 * @throws the signal's reason when it is aborted while another opencode has the store
 */
export async function readCommand(commandArguments: readonly string[], options: CommandOptions): Promise<string> {
  for (const waitMs of LOCKED_WAITS_MS) {
    try {
      return await startCommand(commandArguments, options);
    } catch (error) {
      if (!(error instanceof OpenCodeCommandError) || !error.stderr.includes(LOCKED)) throw error;
      await sleep(waitMs, undefined, options.signal ? { signal: options.signal } : {});
    }
  }
  return await startCommand(commandArguments, options);
}

async function startCommand(commandArguments: readonly string[], options: CommandOptions): Promise<string> {
  const command = `opencode ${commandArguments.join(" ")}`;
  // Several may run at once, of each kind one.
  const files = await options.folder.streams(`command-${commandArguments[0] ?? ""}`);
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
  const exit = await spawnOpenCode({
    path: options.path,
    arguments: commandArguments,
    directory: options.directory,
    environment: childEnvironment(options.environment, {
      runId: options.folder.runId,
      temporary: options.folder.temporary,
      directory: options.directory,
      quiet: true,
    }),
    files,
    deadlineMs,
    graceMs: GRACE_MS,
    signal: options.signal,
  }).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OpenCodeCommandError(command, `could not be started: ${why}`, "", { cause });
  });
  if (exit.kind === "exited" && exit.code === 0) return await readOwnText(files.stdout);
  const stderr = lastWords(await readOwnText(files.stderr));
  if (exit.kind === "exited") throw new OpenCodeCommandError(command, `failed with exit code ${exit.code}.`, stderr);
  const why =
    exit.by === "deadline"
      ? `did not end within ${deadlineMs / 1000} s and was stopped.`
      : `was ended by ${exit.signal}.`;
  throw new OpenCodeCommandError(command, why, stderr);
}

const LAST_LINES = 5;

/** The last lines, and before them the one that says why: opencode prints a statement's SQL behind it. */
function lastWords(stderr: string): string {
  const lines = stderr
    .split("\n")
    .filter((line) => parseLogLine(line) === undefined)
    .map((line) => plainText(line).trim())
    .filter((line) => line !== "" && !line.startsWith("Exporting session:"));
  const last = lines.slice(-LAST_LINES);
  const cause = lines.slice(0, -LAST_LINES).findLast((line) => line.startsWith("Error"));
  return [...(cause === undefined ? [] : [cause]), ...last].join("\n").slice(0, 2_000);
}
