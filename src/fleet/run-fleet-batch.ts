import { type BatchEvent, DEFAULT_BATCH_PATIENCE_MS, DEFAULT_REQUEUES, isPending } from "../batch/batch-options.js";
import { type BatchProgress, type BatchSummary, createTally, failures, summaryOf } from "../batch/batch-summary.js";
import { limitReached } from "../batch/limits.js";
import { notDoneOf } from "../batch/outcomes.js";
import { providerOf, providersOfError } from "../batch/providers.js";
import { openResults, type Results } from "../batch/results.js";
import { verifiedBefore } from "../batch/run-batch.js";
import type { Left, NotDoneReason, StopReason } from "../batch/schedule.js";
import type { Task } from "../batch/task.js";
import type { TaskResult } from "../batch/task-result.js";
import { createWakeup } from "../batch/wakeup.js";
import type { ErrorCode } from "../errors/error-facts.js";
import { retryPolicies } from "../errors/retry-policy.js";
import { systemClock } from "../files/clock.js";
import { totalTokens } from "../trace/usage.js";
import type { FleetBatchOptions } from "./fleet-batch-options.js";
import { eachOf, forgetRecorded } from "./forget-recorded.js";
import { JOB_VERSION, type JobData, NO_RUNS, readJobData } from "./job-data.js";
import { followJobs } from "./job-events.js";
import { outcomeOf } from "./job-outcome.js";
import { providerPauses } from "./provider-pauses.js";
import { batchIdOf, jobIdOf } from "./queue-names.js";
import { closeSoon } from "./redis-link.js";
import { addJobs, type TaskQueue, taskQueue } from "./task-queue.js";

/** A task whose result is not recorded yet. */
interface Open {
  readonly task: Task;
  readonly data: JobData;
  readonly provider: string;
}

/** All jobs are asked for so often, whatever the events say; with many of them less often. */
const POLL_MS = 2_000;
const POLL_MS_PER_JOB = 5;
/** At the end a result that is on its way to the disk is waited for. */
const LAST_RESULT_MS = 2_000;
/** Many jobs are not taken out of a queue at once. */
const CANCEL_MS = 60_000;

/**
 * Has many tasks done by the workers of a queue, and records their results.
 *
 * Each task becomes a job, once, however often this is called; results are taken out of Redis when they are
 * on the disk, so that the same call goes on where another one ended, however it ended. Jobs that Redis has
 * lost are put there again.
 *
 * @param tasks with different ids, as `parseTasks` gives them
 * @throws {ConfigurationError} when the results cannot be written, or belong to other tasks
 */
export async function runFleetBatch(tasks: readonly Task[], options: FleetBatchOptions): Promise<BatchSummary> {
  const results = await openResults(options.results, tasks);
  const queue = taskQueue(options.redis.client, options.queue);
  try {
    return await follow(tasks, options, results, queue);
  } finally {
    await results.close();
    await closeSoon(queue.close());
  }
}

async function follow(
  tasks: readonly Task[],
  options: FleetBatchOptions,
  results: Results,
  queue: TaskQueue,
): Promise<BatchSummary> {
  const { redis, signal, defaultModel, limits = {}, keepGoing = false, clock = systemClock } = options;
  const { requestOf = (request) => request } = options;
  const batch = options.batchId ?? batchIdOf(results.path);
  const patienceMs = options.patienceMs ?? DEFAULT_BATCH_PATIENCE_MS;
  const policy = { patienceMs, requeues: options.requeues ?? DEFAULT_REQUEUES, keepGoing };
  const startedAt = clock.now();
  const stored = providerPauses(redis.client, options.queue);
  const wakeup = createWakeup(clock);
  const open = new Map<string, Open>();
  for (const task of tasks) {
    if (!isPending(task.id, results.earlier.get(task.id), options.retryFailed)) continue;
    const request = requestOf(task.request, batch);
    const data = {
      version: JOB_VERSION,
      batch,
      task: { ...task, request },
      policy,
      state: NO_RUNS,
      result: null,
    } as const;
    open.set(jobIdOf(batch, task), { task, data, provider: providerOf(request.model ?? defaultModel) });
  }
  const pending = [...open.values()].map(({ task }) => task);
  const tally = createTally(verifiedBefore(tasks, results, pending));
  const again = new Set(pending);
  const skipped = tasks.filter((task) => !again.has(task) && results.earlier.get(task.id)?.status === "done").length;
  const about = {
    total: tasks.length,
    skipped,
    skippedFailed: tasks.length - open.size - skipped,
    startedAt,
  };
  const left: Pick<Left, "reason" | "provider">[] = [];
  const running = new Set<string>();
  const finished = new Set<string>();
  const blocked = new Map<string, ErrorCode>();
  let pauses: BatchProgress["pauses"] = [];
  let stopped: StopReason | null = null;
  let over = false;

  const tell = (event: BatchEvent): void => {
    const { done, failed, usage, cost } = tally.sums;
    const now = { running: running.size, waiting: open.size - running.size, pauses };
    options.onEvent?.(event, { ...about, done, failed, usage, cost, ...now });
  };

  /** Takes jobs out of the queue that no worker has begun. What runs comes to its end. */
  const withdraw = async (which: (one: Open) => boolean, reason: NotDoneReason, provider: string | null) => {
    const chosen = [...open].filter(([, one]) => which(one)).map(([jobId]) => jobId);
    await eachOf(chosen, async (jobId) => {
      const job = await queue.getJob(jobId);
      // A result that is there, or about to be, is worth more than an empty queue.
      if (job && (job.finishedOn !== undefined || readJobData(job.data)?.result)) return;
      if (job && (await queue.remove(jobId)) !== 1) return;
      if (!open.delete(jobId)) return;
      running.delete(jobId);
      left.push({ reason, provider });
    });
  };
  const stop = async (reason: StopReason): Promise<void> => {
    if (stopped !== null) return;
    stopped = reason;
    tell({ kind: "stopping", reason });
    await withdraw(() => true, reason, null);
  };
  const refuse = async (providers: readonly string[], code: ErrorCode): Promise<void> => {
    if (keepGoing) return;
    for (const provider of providers) {
      if (blocked.has(provider)) continue;
      blocked.set(provider, code);
      tell({ kind: "blocked", provider, code });
      await withdraw((one) => one.provider === provider, code, provider);
    }
  };
  const endedByLimit = (): StopReason | null => {
    const { sums } = tally;
    const { spent } = results;
    return limitReached(limits, {
      cost: spent.cost + (sums.cost ?? 0),
      tokens: spent.tokens + totalTokens(sums.usage),
      errors: failures(sums),
      durationMs: clock.now() - startedAt,
    });
  };

  const record = async (jobId: string, { task, provider }: Open, result: TaskResult): Promise<void> => {
    await results.append(result);
    open.delete(jobId);
    running.delete(jobId);
    tally.ran(result);
    tally.finished(result);
    tell({ kind: "finished", task, result });
    // Only now does Redis forget it. Where that fails, the next start removes it.
    await queue.remove(jobId).catch(() => undefined);
    const { error } = result;
    const endless = error?.code === "rate_limit" && error.retryAt - clock.now() > patienceMs;
    if (!error || !(retryPolicies[error.code].lasting || endless)) return;
    const providers = providersOfError(task, result, defaultModel);
    // Only the workers know which provider answers tasks that name no model.
    await refuse(provider === "" ? [...providers, ""] : providers, error.code);
  };
  const look = async (jobId: string): Promise<"missing" | undefined> => {
    const one = open.get(jobId);
    if (!one) return undefined;
    const job = await queue.getJob(jobId);
    if (!job) return "missing";
    if (job.finishedOn === undefined || over || !open.has(jobId)) return undefined;
    const { data, returnvalue, failedReason, finishedOn } = job;
    await record(jobId, one, outcomeOf(one.task, { data, returnvalue, failedReason, finishedOn }));
    return undefined;
  };
  const add = (jobIds: readonly string[]): Promise<void> =>
    addJobs(
      queue,
      jobIds.flatMap((id) => {
        const one = open.get(id);
        return one ? [{ id, data: one.data }] : [];
      }),
    );
  let isManned = true;
  /**
   * Else tasks would wait for nothing, unseen. A Redis that does not tell who is connected tells nothing
   * here.
   */
  const lookForWorkers = async (): Promise<void> => {
    const manned = running.size > 0 || (await queue.getWorkersCount().catch(() => 1)) > 0;
    if (isManned && !manned && open.size > 0) tell({ kind: "no-workers", queue: options.queue });
    isManned = manned;
  };
  const poll = async (): Promise<void> => {
    const missing: string[] = [];
    await eachOf([...open.keys()], async (jobId) => {
      if ((await look(jobId)) === "missing") missing.push(jobId);
    });
    const active = new Set(await redis.client.lrange(queue.toKey("active"), 0, -1));
    running.clear();
    for (const jobId of open.keys()) if (active.has(jobId)) running.add(jobId);
    if (stopped === null) await add(missing.filter((jobId) => !blocked.has(open.get(jobId)?.provider ?? "")));
    await lookForWorkers();
    const now = clock.now();
    const providers = [...new Set([...open.values()].map(({ provider }) => provider))];
    const held = await Promise.all(providers.map(async (name) => ({ name, pause: await stored.of(name, now) })));
    pauses = held.flatMap(({ name, pause }) => (pause ? [{ provider: name, until: pause.until }] : []));
  };

  const work = async (): Promise<void> => {
    await forgetRecorded(tasks, batch, results, options.retryFailed, queue);
    if (over) return;
    stopped = endedByLimit();
    if (stopped === null) await add([...open.keys()]);
    else {
      tell({ kind: "stopping", reason: stopped });
      await withdraw(() => true, stopped, null);
    }
    tell({ kind: "begun" });
    let nextPoll = clock.now();
    while (open.size > 0 && !over) {
      if (clock.now() >= nextPoll) {
        await poll();
        tell({ kind: "begun" });
        nextPoll = clock.now() + Math.max(POLL_MS, open.size * POLL_MS_PER_JOB);
      }
      for (const jobId of finished) {
        finished.delete(jobId);
        await look(jobId);
      }
      const reached = endedByLimit();
      if (reached !== null) await stop(reached);
      if (open.size > 0 && !over) await wakeup.wait(nextPoll);
    }
  };

  const unfollow = followJobs(redis.client, options.queue, {
    onTaken: (jobId) => {
      const one = open.get(jobId);
      if (!one) return;
      running.add(jobId);
      tell({ kind: "started", task: one.task });
    },
    onWaiting: (jobId) => void running.delete(jobId),
    onFinished: (jobId) => {
      if (!open.has(jobId)) return;
      finished.add(jobId);
      wakeup.notify();
    },
  });
  try {
    const working = work();
    await Promise.race([working, aborted(signal)]);
    if (signal?.aborted) {
      over = true;
      wakeup.notify();
      const ending = working.then(() => (options.cancel ? withdraw(() => true, "interrupted", null) : undefined));
      const late = clock.sleep(options.cancel ? CANCEL_MS : LAST_RESULT_MS, undefined);
      await Promise.race([ending, late]);
      ending.catch(() => undefined);
    }
  } finally {
    over = true;
    await unfollow();
  }
  left.push(...[...open].map(() => ({ reason: stopped ?? ("interrupted" as const), provider: null })));
  return summaryOf(about, tally, notDoneOf(left), results, clock.now());
}

async function aborted(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
}
