import type { Job } from "bullmq";
import type { Redis } from "ioredis";
import type { TaskResult } from "../batch/task-result.js";
import { messageOf } from "../errors/thrown.js";
import type { Clock } from "../files/clock.js";
import { oneLine } from "../text/bounded-text.js";
import { type JobData, readJobData } from "./job-data.js";
import type { ResultSpool } from "./result-spool.js";
import { taskQueue } from "./task-queue.js";

/** A Redis whose memory or disk is full answers, but keeps nothing. */
const SAVE_AGAIN_MS = 2_000;

/**
 * Keeps a job's data, also in a Redis that takes nothing for a while: the run has cost what it has cost.
 *
 * @returns false when the queue does not know the job any more
 * @throws what Redis said, when the worker is to end
 */
export async function saveJob(
  job: Job<unknown, TaskResult>,
  data: JobData,
  around: { readonly clock: Clock; readonly signal: AbortSignal; readonly onRefused: (why: string) => void },
): Promise<boolean> {
  const { clock, signal, onRefused } = around;
  for (let tries = 1; ; tries += 1) {
    try {
      await job.updateData(data);
      return true;
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("Missing key for job")) return false;
      if (signal.aborted) throw error;
      if (tries === 1) onRefused(oneLine(messageOf(error)));
      await clock.sleep(SAVE_AGAIN_MS, signal);
    }
  }
}

/** What earlier workers of this machine have not got rid of. */
export async function deliverSpooled(spool: ResultSpool, client: Redis, name: string): Promise<void> {
  const spooled = await spool.all();
  if (spooled.length === 0) return;
  const queue = taskQueue(client, name);
  try {
    for (const { jobId, result } of spooled) {
      const job = await queue.getJob(jobId);
      const data = job && readJobData(job.data);
      // Of a job that is not there: it may be put there again.
      if (!job || !data) continue;
      if (data.result === null && job.finishedOn === undefined) await job.updateData({ ...data, result });
      await spool.remove(jobId);
    }
  } finally {
    await queue.close();
  }
}
