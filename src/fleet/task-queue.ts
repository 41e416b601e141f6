import type { ConnectionOptions } from "bullmq";
import type { Redis } from "ioredis";
import type { TaskResult } from "../batch/task-result.js";
import { JOB_NAME, type JobData } from "./job-data.js";
import { KEY_PREFIX } from "./queue-names.js";
import { ReadableQueue } from "./readable-job.js";

/** A job whose result is not fetched is removed in the end. */
const KEPT_SECONDS = 7 * 24 * 3_600;
/** A batch that misses an event asks for the jobs themselves. */
const MOST_EVENTS = 2_000;
/** So many jobs go to Redis in one request. */
const ADDED_AT_ONCE = 500;

export type TaskQueue = ReadableQueue<JobData, TaskResult, typeof JOB_NAME>;

/** The queue as a batch sees it. @param client with `maxRetriesPerRequest: null`; it stays open */
export function taskQueue(client: Redis, name: string): TaskQueue {
  const queue: TaskQueue = new ReadableQueue(name, {
    connection: connectionOf(client),
    prefix: KEY_PREFIX,
    streams: { events: { maxLen: MOST_EVENTS } },
  });
  // Told by the connection itself.
  queue.on("error", () => undefined);
  return queue;
}

/** BullMQ takes clients of several libraries and says so in a type of its own. */
export function connectionOf(client: Redis): ConnectionOptions {
  return client;
}

/** Puts jobs into the queue; those that are there already stay as they are. */
export async function addJobs(
  queue: TaskQueue,
  jobs: readonly { readonly id: string; readonly data: JobData }[],
): Promise<void> {
  for (let from = 0; from < jobs.length; from += ADDED_AT_ONCE) {
    await queue.addBulk(
      jobs.slice(from, from + ADDED_AT_ONCE).map(({ id, data }) => ({
        name: JOB_NAME,
        data,
        opts: {
          jobId: id,
          // Whether it is tried again is decided by what it failed with.
          attempts: 1,
          removeOnComplete: { age: KEPT_SECONDS },
          removeOnFail: { age: KEPT_SECONDS },
          stackTraceLimit: 0,
        },
      })),
    );
  }
}
