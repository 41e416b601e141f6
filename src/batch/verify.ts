import { type ChildProcess, spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { onExit } from "signal-exit";
import { z } from "zod";
import { messageOf } from "../errors/thrown.js";
import { createRunFolder, runMark } from "../opencode/program.js";

/** How long a verify command may take where nothing else is said, ms. */
export const DEFAULT_VERIFY_TIMEOUT_MS = 600_000;

/** How much of the end of its output is kept, in UTF-16 code units: where tests sum up what failed. */
const MOST_OUTPUT = 16_000;
/** Who is asked to end is killed after that. */
const GRACE_MS = 2_000;
/** What a command has left behind may hold its output open; it is not waited for. */
const LINGER_MS = 500;

/** What became of a verify command, as a line of results has it. */
export const verifiedSchema = z
  .object({
    /** As the shell was given it. */
    command: z.string(),
    /** It ended with exit code 0. */
    passed: z.boolean(),
    /** null where it did not come to one: it was killed, or could not be started. */
    exitCode: z.int().nullable(),
    /** What killed it. */
    signal: z.string().nullable(),
    /** It took longer than it may, and was ended. */
    timedOut: z.boolean(),
    /** ms */
    durationMs: z.number(),
    /** What it wrote on stdout and stderr, as it came; of a long one the end. */
    output: z.string(),
  })
  .readonly();

/** What became of a verify command. */
export type Verified = z.output<typeof verifiedSchema>;

export interface VerifyOptions {
  /** Where it runs. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Given to it on its standard input. */
  readonly stdin: string;
  /** ms */
  readonly timeoutMs: number;
  /** Ends it. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs a command in a shell, with all that it starts: whether it ends with exit code 0 says whether a task was done
 * well. It ends with this process, however that ends: also by `kill -9`, as a run of opencode does. Never throws: a
 * command that cannot be started has not passed, and its output says why.
 */
export async function runVerify(command: string, options: VerifyOptions): Promise<Verified> {
  // Where there can be no folder, nothing guards the command; it says as much of the task as it does otherwise.
  const folder = await createRunFolder().catch(() => undefined);
  const mark = folder === undefined ? {} : runMark(options.environment, folder.runId);
  try {
    return await run(command, { ...options, environment: { ...options.environment, ...mark } });
  } finally {
    await folder?.remove().catch(() => undefined);
  }
}

async function run(command: string, { cwd, environment, stdin, timeoutMs, signal }: VerifyOptions): Promise<Verified> {
  const startedAt = performance.now();
  const output = tail();
  const child = spawn(command, { cwd, env: { ...environment }, shell: true, detached: process.platform !== "win32" });
  const forget = onExit(() => end(child, "SIGKILL"));
  let timedOut = false;
  let killing: NodeJS.Timeout | undefined;
  const stop = (): void => {
    end(child, "SIGTERM");
    killing ??= setTimeout(() => end(child, "SIGKILL"), GRACE_MS);
  };
  const deadline = setTimeout(() => {
    timedOut = true;
    stop();
  }, timeoutMs);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new StringDecoder("utf8");
    stream.on("data", (chunk: Buffer) => output.add(decoder.write(chunk)));
    stream.on("error", () => undefined);
  }
  // A command need not read what it is given.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  try {
    const { code, killedBy } = await ended(child).catch((problem: unknown) => {
      output.add(messageOf(problem));
      return { code: null, killedBy: null };
    });
    return {
      command,
      passed: code === 0 && !timedOut && signal?.aborted !== true,
      exitCode: code,
      signal: killedBy,
      timedOut,
      durationMs: Math.round(performance.now() - startedAt),
      output: output.text(),
    };
  } finally {
    clearTimeout(deadline);
    clearTimeout(killing);
    signal?.removeEventListener("abort", stop);
    // What it has left at work would go on in a directory that is no longer its own.
    end(child, "SIGKILL");
    forget();
  }
}

interface Ended {
  readonly code: number | null;
  readonly killedBy: string | null;
}

/** @throws the system's error where it could not be started */
async function ended(child: ChildProcess): Promise<Ended> {
  return await new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killedBy) => resolve({ code, killedBy }));
    child.once("exit", (code, killedBy) => {
      setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve({ code, killedBy });
      }, LINGER_MS).unref();
    });
  });
}

/** Signals the command and what it has started. */
function end({ pid }: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch {
    // Gone already.
  }
}

/** Keeps the end of a text that may be of any length. */
function tail(): { add(text: string): void; text(): string } {
  let kept = "";
  let length = 0;
  return {
    add: (text) => {
      length += text.length;
      kept += text;
      if (kept.length > 2 * MOST_OUTPUT) kept = kept.slice(-MOST_OUTPUT);
    },
    text: () =>
      (length <= MOST_OUTPUT
        ? kept
        : `[cut: ${length} characters in all] … ${kept.slice(-MOST_OUTPUT)}`
      ).toWellFormed(),
  };
}
