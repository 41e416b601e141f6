import { type BatchOptions, isPending } from "../batch/batch-options.js";
import { isSettled } from "../batch/read-results.js";
import type { Results } from "../batch/results.js";
import type { Task } from "../batch/task.js";
import { readJobData } from "./job-data.js";
import { jobIdOf } from "./queue-names.js";
import type { TaskQueue } from "./task-queue.js";

/** So many answers of Redis are waited for at once. */
const AT_ONCE = 100;

/** Removes the jobs of results that are on the disk: an earlier start was killed before it could. */
export async function forgetRecorded(
  tasks: readonly Task[],
  batch: string,
  { earlier }: Results,
  retryFailed: BatchOptions["retryFailed"],
  queue: TaskQueue,
): Promise<void> {
  const recorded = tasks.filter(({ id }) => earlier.has(id));
  await eachOf(recorded, async (task) => {
    const jobId = jobIdOf(batch, task);
    if (isPending(task.id, earlier.get(task.id), retryFailed)) {
      // Of a task that is done again only the failure goes; a run that is under way, or that went well, is of
      // this start.
      const job = await queue.getJob(jobId);
      if (job?.finishedOn === undefined) return;
      const result = readJobData(job.data)?.result;
      if (result && isSettled({ status: result.status, passed: result.verify?.passed ?? null })) return;
    }
    await queue.remove(jobId).catch(() => undefined);
  });
}

/** Does the same for many, so many at once. */
export async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += AT_ONCE)
    await Promise.all(items.slice(from, from + AT_ONCE).map(work));
}
