import type { Job } from "bullmq";
import type { TaskRunner } from "../batch/run-task.js";
import type { TaskResult } from "../batch/task-result.js";
import { errorFromFacts } from "../errors/opencode-errors.js";
import { OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { messageOf } from "../errors/thrown.js";
import { type Clock, systemClock } from "../files/clock.js";
import type { StorePaths } from "../files/store-paths.js";
import { oneLine } from "../text/bounded-text.js";
import { withoutAnswer } from "./after-run.js";
import type { JobData } from "./job-data.js";
import { DelayedError, UnrecoverableError, WaitingError } from "./packages.js";
import { type ProviderPause, providerPauses } from "./provider-pauses.js";
import { KEY_PREFIX } from "./queue-names.js";
import { ReadableWorker } from "./readable-job.js";
import { isConnectionLoss, type RedisLink } from "./redis-link.js";
import { progressReporter } from "./report-progress.js";
import { resultSpool } from "./result-spool.js";
import { deliverSpooled, saveJob } from "./save-job.js";
import { connectionOf } from "./task-queue.js";
import { type JobEnd, MOST_LOST, workOnJob } from "./work-on-job.js";

export const DEFAULT_ATTEMPTS = 3;
export const DEFAULT_WORKER_CONCURRENCY = 2;
/** So long a job of a worker that went away waits before another worker may have it. */
export const DEFAULT_LOCK_MS = 30_000;

/** A worker that is asked to end waits so long for Redis to take its jobs back. */
const GIVE_BACK_MS = 10_000;
const LOOK_EVERY_MS = 100;

/** What happens at a worker, told as it does. */
export type WorkerEvent =
  | { readonly kind: "started"; readonly jobId: string; readonly task: string }
  /** The job has its result. */
  | { readonly kind: "finished"; readonly jobId: string; readonly result: TaskResult }
  /** A run failed in a way that may pass: the task waits in the queue until then, ms since the epoch. */
  | { readonly kind: "later"; readonly jobId: string; readonly run: TaskResult; readonly until: number }
  /** Providers are left alone, by all workers. */
  | { readonly kind: "paused"; readonly providers: readonly string[]; readonly pause: ProviderPause }
  | { readonly kind: "given-back"; readonly jobId: string }
  /** A job in the queue that is none of looptrace's, or of another version's. */
  | { readonly kind: "unreadable"; readonly jobId: string; readonly why: string }
  /** A worker went away; its job is given to another one. */
  | { readonly kind: "taken-over"; readonly jobId: string }
  /** Something went wrong in the queue itself that the next step gets over. */
  | { readonly kind: "problem"; readonly why: string };

/** Which queue a worker works for, and how. */
export interface FleetWorkerOptions {
  /** As `openRedis` makes it. */
  readonly redis: RedisLink;
  /** The queue's name. */
  readonly queue: string;
  /** Works on one task, as `taskRunner` makes it. */
  readonly run: TaskRunner;
  /** Where results are kept until Redis has them. */
  readonly paths: StorePaths;
  /** How many tasks run at once; default 2. */
  readonly concurrency?: number | undefined;
  /** How often a task may be run, rate limits not counted; default 3. */
  readonly attempts?: number | undefined;
  /** How long a job of a worker that went away waits before another one may have it, ms; default 30 s. */
  readonly lockMs?: number | undefined;
  /** The model of tasks that name none, to know their provider by. */
  readonly defaultModel?: string | undefined;
  /** Ends the worker: no more jobs are taken, and what runs is ended and given back to the queue. */
  readonly signal: AbortSignal;
  /** Told what happens; must not throw. */
  readonly onEvent?: ((event: WorkerEvent) => void) | undefined;
  /** Time, for tests. @internal */
  readonly clock?: Clock | undefined;
}

/**
 * Takes tasks from a queue and works on them, until its signal ends it.
 *
 * A job belongs to its worker as long as that one renews its lock. A worker that is killed does not: another
 * one has the job then and starts it from the beginning, in a new session. A result is kept in the job before
 * the job is closed, and on this machine before that, so that neither a kill nor a Redis that is away loses
 * one.
 *
 * @throws {OpenCodeNotFoundError} when this machine has no opencode; its jobs are given back
 */
export async function runFleetWorker(options: FleetWorkerOptions): Promise<void> {
  const { redis, signal, clock = systemClock, lockMs = DEFAULT_LOCK_MS } = options;
  const tell = (event: WorkerEvent): void => options.onEvent?.(event);
  const stop = new AbortController();
  let broken: { readonly by: unknown } | undefined;
  let atWork = 0;
  /** Jobs at work here whose lock is said to be lost: BullMQ goes on trying to renew it, and says so each time. */
  const lostLocks = new Set<string>();
  const spool = resultSpool(options.paths, options.queue);
  const context = {
    run: options.run,
    pauses: providerPauses(redis.client, options.queue),
    spool,
    attempts: options.attempts ?? DEFAULT_ATTEMPTS,
    defaultModel: options.defaultModel,
    signal: stop.signal,
    clock,
    onPause: (providers: readonly string[], pause: ProviderPause) => tell({ kind: "paused", providers, pause }),
  };

  const onRefused = (why: string): void => tell({ kind: "problem", why: `${why}; trying again` });
  const work = async (job: Job<unknown, TaskResult>, token?: string): Promise<TaskResult> => {
    const id = job.id ?? "";
    const run: TaskRunner = (task, hooks) => {
      tell({ kind: "started", jobId: id, task: task.id });
      return options.run(task, hooks);
    };
    const taken = {
      id,
      data: job.data,
      timesLost: job.stalledCounter,
      save: (data: JobData) => saveJob(job, data, { clock, signal: stop.signal, onRefused }),
      onProgress: progressReporter((progress) => job.updateProgress(progress)),
    };
    let end: JobEnd;
    try {
      end = await workOnJob(taken, { ...context, run });
    } catch (problem) {
      if (!(problem instanceof OpenCodeNotFoundError)) throw problem;
      broken ??= { by: problem };
      end = { kind: "given-back" };
    }
    switch (end.kind) {
      case "finished":
        tell({ kind: "finished", jobId: id, result: end.result });
        // It stands in the job's data; what is returned goes into the queue's stream of events too.
        if (end.result.error === null) return withoutAnswer(end.result);
        throw new UnrecoverableError(JSON.stringify(errorFromFacts(end.result.error)));
      case "later":
        await job.moveToDelayed(end.at, token);
        if (end.run) tell({ kind: "later", jobId: id, run: end.run, until: end.at });
        throw new DelayedError();
      case "given-back":
        await job.moveToWait(token);
        tell({ kind: "given-back", jobId: id });
        if (broken) stop.abort(broken.by);
        throw new WaitingError();
      case "unreadable":
        tell({ kind: "unreadable", jobId: id, why: end.error.message });
        throw new UnrecoverableError(JSON.stringify(errorFromFacts(end.error)));
      default:
        return end satisfies never;
    }
  };
  const carefully = async (job: Job<unknown, TaskResult>, token?: string): Promise<TaskResult> => {
    atWork += 1;
    try {
      return await work(job, token);
    } catch (problem) {
      if (MEANT.some((kind) => problem instanceof kind)) throw problem;
      if (!isConnectionLoss(problem)) tell({ kind: "problem", why: reasonOf(problem) });
      // Not the task has failed but the queue, because of a lock that is lost for instance. So the job stays
      // as it is: its lock
      // expires, and another worker takes it.
      throw new WaitingError();
    } finally {
      atWork -= 1;
      lostLocks.delete(job.id ?? "");
    }
  };

  await deliverSpooled(spool, redis.client, options.queue);
  const worker = new JobWorker(options.queue, carefully, {
    connection: connectionOf(redis.client),
    prefix: KEY_PREFIX,
    concurrency: options.concurrency ?? DEFAULT_WORKER_CONCURRENCY,
    lockDuration: lockMs,
    stalledInterval: lockMs,
    // Beyond looptrace's own count, which ends the task with an error that says why.
    maxStalledCount: MOST_LOST + 5,
    runRetryDelay: 1_000,
  });
  worker.on("error", (error) => {
    if (isConnectionLoss(error)) return;
    const why = reasonOf(error);
    const job = LOST_LOCK.exec(why)?.[1];
    if (job !== undefined && lostLocks.has(job)) return;
    if (job !== undefined) lostLocks.add(job);
    tell({ kind: "problem", why });
  });
  worker.on("stalled", (jobId) => tell({ kind: "taken-over", jobId }));
  await new Promise<void>((resolve) => {
    const ended = (): void => resolve();
    if (signal.aborted) ended();
    signal.addEventListener("abort", ended, { once: true });
    stop.signal.addEventListener("abort", ended, { once: true });
  });
  // Its look for stalled jobs too, which closing alone ends last of all.
  await worker.pause(true);
  const closing = worker.close();
  stop.abort(signal.reason);
  await closedOrAway(closing, redis, () => atWork);
  await worker.stopRenewing();
  if (broken) throw broken.by;
}

class JobWorker extends ReadableWorker<unknown, TaskResult> {
  /**
   * BullMQ does so after all else, which while Redis is away comes to no end: the timer must not be waited
   * for.
   */
  async stopRenewing(): Promise<void> {
    await this.lockManager.close();
  }
}

/** What BullMQ says of a lock that it cannot renew. */
const LOST_LOCK = /^could not renew lock for job (.+)$/;

/** How a processor says what became of a job. */
const MEANT = [DelayedError, UnrecoverableError, WaitingError];

/** Waits until all is given back, but no longer than that is of use, should Redis be away. */
async function closedOrAway(closing: Promise<void>, { client }: RedisLink, atWork: () => number): Promise<void> {
  const since = Date.now();
  let timer: NodeJS.Timeout | undefined;
  const away = new Promise<void>((resolve) => {
    timer = setInterval(() => {
      const isLong = atWork() === 0 || Date.now() - since > GIVE_BACK_MS;
      if (client.status !== "ready" && isLong) resolve();
    }, LOOK_EVERY_MS);
  });
  await Promise.race([closing, away]);
  clearInterval(timer);
}

function reasonOf(problem: unknown): string {
  return oneLine(messageOf(problem));
}
