import { spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import { constants } from "node:os";
import { onExit } from "signal-exit";

/** Paths of the files that a start of opencode reads from and writes to. */
export interface StreamFiles {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Who asked a process to stop: the deadline, the caller (an AbortSignal), or another process. */
export type StoppedBy = "deadline" | "caller" | "other";

/** How a process ended. */
export type ProcessExit =
  | {
      readonly kind: "exited";
      readonly code: number;
      /** Set when it had already been asked to stop, but came to its own good end (code 0) before it did. */
      readonly asked?: StoppedBy;
    }
  | { readonly kind: "signalled"; readonly signal: string; readonly by: StoppedBy };

/** How a run ended: with its process, or, on a server that goes on, without one. */
export type RunExit =
  | ProcessExit
  | {
      readonly kind: "served";
      /** Who had the turn aborted. */
      readonly asked?: Exclude<StoppedBy, "other">;
    };

export interface SpawnOptions {
  readonly path: string;
  readonly arguments: readonly string[];
  /** Working directory. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly files: StreamFiles;
  /** How long it may run, ms; `Infinity` for ever. */
  readonly deadlineMs: number;
  /** How long it has to react to the first signal before it is killed, ms. */
  readonly graceMs: number;
  /** Whether it alone is asked to end, and not all of its process group; killed is the group. */
  readonly isAskedAlone?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called as soon as it runs. */
  readonly onSpawn?: ((spawned: SpawnedProcess) => void) | undefined;
}

/** A process that has been started. */
export interface SpawnedProcess {
  readonly pid: number;
  /** Lets it go on when this process ends; nothing here waits for it then. */
  readonly leave: () => void;
}

/** Beyond this a timer of Node fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Starts opencode and waits for its end. Its streams are files, never pipes: it exits without waiting for a pipe to
 * drain and loses what is in it, and as long as standard input is an open pipe it does not begin.
 *
 * At the deadline it gets SIGTERM (which 1.15 often ignores), on the caller's wish SIGINT (which ends every version),
 * and SIGKILL after the grace. It has a process group of its own: a Ctrl-C at the terminal reaches only looptrace,
 * which decides.
 *
 * @throws the system's error when the program cannot be started
 */
export async function spawnOpenCode(options: SpawnOptions): Promise<ProcessExit> {
  const opened: FileHandle[] = [];
  const fdOf = async (path: string, flags: "r" | "a"): Promise<number> => {
    const handle = await open(path, flags, 0o600);
    opened.push(handle);
    return handle.fd;
  };
  const closeAll = (): Promise<unknown> => Promise.all(opened.map((handle) => handle.close()));
  const { stdin, stdout, stderr } = options.files;
  let stdio: readonly [number, number, number];
  try {
    // Appending, because that is what makes two writers of one file harmless.
    stdio = [await fdOf(stdin, "r"), await fdOf(stdout, "a"), await fdOf(stderr, "a")];
  } catch (error) {
    await closeAll();
    throw error;
  }
  // It is started before anything is waited for, and has them then itself: one that is left may outlive this process.
  const [exit] = await Promise.all([runToEnd(options, stdio), closeAll().catch(() => undefined)]);
  return exit;
}

async function runToEnd(options: SpawnOptions, stdio: readonly [number, number, number]): Promise<ProcessExit> {
  const ownGroup = process.platform !== "win32";
  // Not by execa: it signals the child alone, where its whole group has to be reached, and takes 80 ms to load.
  const child = spawn(options.path, options.arguments, {
    cwd: options.directory,
    env: options.environment,
    stdio: [...stdio],
    detached: ownGroup,
    windowsHide: true,
  });
  const send = (signal: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    const isForAll = ownGroup && (signal === "SIGKILL" || options.isAskedAlone !== true);
    try {
      if (isForAll) process.kill(-child.pid, signal);
      else child.kill(signal);
    } catch {
      // It is gone already.
    }
  };
  const forget = onExit(() => send("SIGKILL"));
  const { pid } = child;
  const leave = (): void => {
    forget();
    child.unref();
  };
  if (pid !== undefined) options.onSpawn?.({ pid, leave });

  let asked: { readonly by: StoppedBy; readonly signal: NodeJS.Signals } | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (by: StoppedBy, signal: NodeJS.Signals) => {
    if (asked) return;
    asked = { by, signal };
    send(signal);
    if (options.graceMs <= LONGEST_TIMER_MS) killTimer = setTimeout(() => send("SIGKILL"), options.graceMs);
  };
  const deadline =
    options.deadlineMs <= LONGEST_TIMER_MS
      ? setTimeout(() => stop("deadline", "SIGTERM"), options.deadlineMs)
      : undefined;
  const onAbort = () => stop("caller", "SIGINT");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.signal?.aborted) onAbort();

  try {
    // `once` also waits for "error", and throws it: the program could not be started.
    await once(child, "exit");
    const { exitCode, signalCode } = child;
    if (exitCode === null) {
      return { kind: "signalled", signal: signalCode ?? "SIGKILL", by: asked?.by ?? "other" };
    }
    if (asked && exitCode !== 0) return { kind: "signalled", signal: asked.signal, by: asked.by };
    // A shell around opencode reports a signal as 128 + its number.
    const signal = signalOf(exitCode);
    if (signal !== undefined) return { kind: "signalled", signal, by: "other" };
    return { kind: "exited", code: exitCode, ...(asked ? { asked: asked.by } : {}) };
  } finally {
    clearTimeout(deadline);
    clearTimeout(killTimer);
    options.signal?.removeEventListener("abort", onAbort);
    forget();
  }
}

function signalOf(exitCode: number): NodeJS.Signals | undefined {
  const signals: readonly NodeJS.Signals[] = ["SIGHUP", "SIGINT", "SIGKILL", "SIGTERM"];
  return signals.find((signal) => exitCode === 128 + constants.signals[signal]);
}
