import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskRunner } from "../../src/batch/run-task.js";
import { type TaskResult, taskResultSchema } from "../../src/batch/task-result.js";
import { systemClock } from "../../src/files/clock.js";
import { type StorePaths, storePathsAt } from "../../src/files/store-paths.js";
import { type FleetWorkerOptions, runFleetWorker, type WorkerEvent } from "../../src/fleet/run-worker.js";
import { onTestFinished } from "./side-by-side.js";
import { resultOf } from "./task-results.js";

/** Removed with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "looptrace-fleet-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function temporaryPaths(): Promise<StorePaths> {
  return storePathsAt(join(await temporaryFolder(), "looptrace"));
}

export async function recordedResults(path: string): Promise<readonly TaskResult[]> {
  const lines = (await readFile(path, "utf8").catch(() => "")).split("\n").filter(Boolean);
  return lines.map((line) => taskResultSchema.parse(JSON.parse(line)));
}

/** Works on nothing: says of each task what it is told to say, the first time, the second time, … */
export function scriptedRunner(
  replies: Readonly<Record<string, readonly Partial<TaskResult>[]>> = {},
  waitMs = 0,
): TaskRunner & { readonly ran: string[] } {
  const ran: string[] = [];
  const run: TaskRunner = async (task, { signal } = {}) => {
    const times = ran.filter((id) => id === task.id).length;
    ran.push(task.id);
    if (waitMs > 0) await systemClock.sleep(waitMs, signal);
    const aborted = signal?.aborted === true;
    const error = {
      code: "aborted",
      message: "Ended",
      retryable: false,
      evidence: "process",
      abortedBy: "caller",
    } as const;
    const reply = aborted ? { status: "failed" as const, error } : (replies[task.id]?.[times] ?? {});
    return { result: resultOf(task, reply), interrupted: aborted };
  };
  return Object.assign(run, { ran });
}

export interface TestWorker {
  readonly events: WorkerEvent[];
  /** Ends it as SIGTERM does. */
  stop(): Promise<void>;
  readonly ended: Promise<void>;
}

/** A worker in this process, ended with the test. */
export function startWorker(
  options: Omit<FleetWorkerOptions, "signal" | "queue"> & { readonly queue?: string },
): TestWorker {
  const events: WorkerEvent[] = [];
  const controller = new AbortController();
  const ended = runFleetWorker({
    queue: "tests",
    ...options,
    signal: controller.signal,
    onEvent: (event) => {
      events.push(event);
      options.onEvent?.(event);
    },
  });
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    controller.abort();
    await ended;
  };
  onTestFinished(() => stop().catch(() => undefined));
  return { events, stop, ended };
}
