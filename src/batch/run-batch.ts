import { ConfigurationError } from "../errors/configuration-error.js";
import { systemClock } from "../files/clock.js";
import {
  type BatchEvent,
  type BatchOptions,
  DEFAULT_BATCH_PATIENCE_MS,
  DEFAULT_CONCURRENCY,
  DEFAULT_REQUEUES,
  isPending,
} from "./batch-options.js";
import { type BatchSummary, createTally, summaryOf, withVerified } from "./batch-summary.js";
import { mergeRuns } from "./merge-runs.js";
import { endedBy, notDoneOf } from "./outcomes.js";
import { providerOf, providersOfError } from "./providers.js";
import { openResults, type Results } from "./results.js";
import type { TaskRun, TaskRunner } from "./run-task.js";
import { createSchedule } from "./schedule.js";
import type { Task } from "./task.js";
import type { TaskResult } from "./task-result.js";
import { createWakeup } from "./wakeup.js";

/**
 * Works on many tasks, so many at once, and records their results.
 *
 * A rate limit of one task holds back all tasks of its provider until the provider's own time; meanwhile
 * those of others go on. The same call again, with the same file of results, goes on where this one ended,
 * however it ended.
 *
 * @param tasks with different ids, as `parseTasks` gives them
 * @param run works on one task, as `taskRunner` makes it
 * @throws {ConfigurationError} when the results cannot be written, or belong to other tasks; nothing was
 *   started then
 * @throws what `run` throws, and {ConfigurationError} when a result cannot be recorded: nothing more is
 *   started then, and what runs comes to its end before
 *
 * @example
 * ```ts
 * import { readTasks, resolveDestinations, runBatch, TraceExporter, taskRunner } from "looptrace";
 *
 * const tasks = await readTasks("tasks.jsonl");
 * const exporter = new TraceExporter({ destinations: resolveDestinations() });
 * const run = taskRunner({ defaults: { model: "anthropic/claude-sonnet-4-6" }, exporter });
 * const { done, failed } = await runBatch(tasks, run, { concurrency: 4, results: "tasks.results.jsonl" });
 * console.log(done, failed);
 * ```
 */
export async function runBatch(
  tasks: readonly Task[],
  run: TaskRunner,
  options: BatchOptions = {},
): Promise<BatchSummary> {
  const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
  if (!(concurrency >= 1))
    throw new ConfigurationError("concurrency", `${concurrency} tasks at once are too few: it has to be 1 or more.`);
  if (new Set(tasks.map(({ id }) => id)).size < tasks.length)
    throw new ConfigurationError("tasks", "Two tasks have the same id.");
  const results = options.results === undefined ? undefined : await openResults(options.results, tasks);
  try {
    return await work(tasks, run, { ...options, concurrency }, results);
  } finally {
    await results?.close();
  }
}

async function work(
  tasks: readonly Task[],
  run: TaskRunner,
  options: BatchOptions & { readonly concurrency: number },
  results: Results | undefined,
): Promise<BatchSummary> {
  const { defaultModel, signal, clock = systemClock } = options;
  const { pending, verified, ...recorded } = selected(tasks, results, options.retryFailed);
  const startedAt = clock.now();
  const schedule = createSchedule(
    pending.map(({ request }) => providerOf(request.model ?? defaultModel)),
    {
      concurrency: options.concurrency,
      patienceMs: options.patienceMs ?? DEFAULT_BATCH_PATIENCE_MS,
      requeues: options.requeues ?? DEFAULT_REQUEUES,
      keepGoing: options.keepGoing ?? false,
      limits: options.limits ?? {},
      spent: results?.spent ?? { cost: 0, tokens: 0 },
    },
    startedAt,
  );
  const tally = createTally(verified);
  const about = { total: tasks.length, ...recorded, startedAt };
  const tell = (event: BatchEvent): void => {
    const { done, failed, usage, cost } = tally.sums;
    const now = {
      running: schedule.running(),
      waiting: schedule.waiting(),
      pauses: schedule.pauses(clock.now()),
    };
    options.onEvent?.(event, { ...about, done, failed, usage, cost, ...now });
  };
  const wakeup = createWakeup(clock);
  let broken: { readonly by: unknown } | undefined;
  const breakOff = (by: unknown): void => {
    broken ??= { by };
    schedule.stop("broken");
  };
  const earlierRuns = new Map<number, TaskResult>();

  const finish = async (index: number, task: Task, { result, interrupted }: TaskRun): Promise<void> => {
    const providers = providersOfError(task, result, defaultModel);
    const blockedBefore = schedule.blocked().size;
    const verdict = schedule.ended(index, endedBy(result, providers, interrupted), clock.now());
    tally.ran(result);
    const merged = mergeRuns(earlierRuns.get(index), result);
    earlierRuns.delete(index);
    if (verdict === "finished") {
      await results?.append(merged);
      tally.finished(merged);
      tell({ kind: "finished", task, result: merged });
    } else if (verdict === "put-back") {
      earlierRuns.set(index, merged);
      const until = result.error?.code === "rate_limit" ? result.error.retryAt : clock.now();
      tell({ kind: "put-back", task, providers, until });
    } else {
      tell({ kind: "interrupted", task });
    }
    for (const [provider, code] of [...schedule.blocked()].slice(blockedBefore))
      tell({ kind: "blocked", provider, code });
  };
  const start = async (index: number, task: Task): Promise<void> => {
    try {
      tell({ kind: "started", task });
      await finish(index, task, await run(task, { signal }));
    } catch (problem) {
      breakOff(problem);
    }
  };

  const onAbort = (): void => {
    schedule.stop("interrupted");
    wakeup.notify();
  };
  if (signal?.aborted) schedule.stop("interrupted");
  signal?.addEventListener("abort", onAbort);
  tell({ kind: "begun" });
  const under = new Set<Promise<void>>();
  let told = false;
  try {
    for (;;) {
      const next = broken && under.size === 0 ? { kind: "over" as const } : schedule.next(clock.now());
      const reason = schedule.stopped();
      if (reason !== null && !told) {
        told = true;
        tell({ kind: "stopping", reason });
      }
      if (next.kind === "over") break;
      if (next.kind === "wait") {
        await wakeup.wait(next.until);
        continue;
      }
      const task = pending[next.task];
      if (!task) throw new Error(`there is no task ${next.task}`);
      const running: Promise<void> = start(next.task, task).finally(() => {
        under.delete(running);
        wakeup.notify();
      });
      under.add(running);
    }
    // A result may still be on its way to the disk.
    await Promise.all(under);
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
  if (broken) throw broken.by;
  return summaryOf(about, tally, notDoneOf(schedule.left()), results, clock.now());
}

/** The tasks that are to be done, and how many are not, by what is recorded of them. */
function selected(
  tasks: readonly Task[],
  results: Results | undefined,
  retryFailed: BatchOptions["retryFailed"],
): Pick<BatchSummary, "skipped" | "skippedFailed" | "verified"> & { readonly pending: readonly Task[] } {
  const pending = tasks.filter(({ id }) => isPending(id, results?.earlier.get(id), retryFailed));
  const again = new Set(pending);
  const skipped = tasks.filter((task) => !again.has(task) && results?.earlier.get(task.id)?.status === "done").length;
  const verified = verifiedBefore(tasks, results, pending);
  return { pending, skipped, skippedFailed: tasks.length - pending.length - skipped, verified };
}

/** What the verify commands of tasks have said that are not done again. */
export function verifiedBefore(
  tasks: readonly Task[],
  results: Pick<Results, "earlier"> | undefined,
  pending: readonly Task[],
): BatchSummary["verified"] {
  const again = new Set(pending.map(({ id }) => id));
  return tasks
    .filter(({ id }) => !again.has(id))
    .map(({ id }) => results?.earlier.get(id)?.passed ?? null)
    .reduce(withVerified, { passed: 0, failed: 0 });
}
