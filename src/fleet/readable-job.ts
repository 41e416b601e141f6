import type { Job as BullJob, JobJson, JobProgress } from "bullmq";
import { Job, Queue, Worker } from "./packages.js";

/**
 * A job of BullMQ's, also where its data are no JSON: they are null then, which is no job of looptrace's.
 * BullMQ itself throws when it has taken the job out of the queue already: no worker would work on it, and
 * none would end it.
 */
class ReadableJob<D = unknown, R = unknown, N extends string = string, P extends JobProgress = JobProgress> extends Job<
  D,
  R,
  N,
  P
> {
  static override fromJSON<T = unknown, R = unknown, N extends string = string>(
    queue: Parameters<typeof Job.fromJSON>[0],
    json: JobJson,
    jobId?: string,
  ): BullJob<T, R, N> {
    return Job.fromJSON<T, R, N>(queue, isJson(json.data) ? json : { ...json, data: "null" }, jobId);
  }
}

/** A queue whose jobs can all be read. */
export class ReadableQueue<T, R, N extends string> extends Queue<T, R, N> {
  protected override get Job(): typeof Job {
    return ReadableJob;
  }
}

/** The same for a worker. */
export class ReadableWorker<T, R> extends Worker<T, R> {
  protected override get Job(): typeof Job {
    return ReadableJob;
  }
}

function isJson(text: string): boolean {
  try {
    // BullMQ takes nothing for an empty object.
    JSON.parse(text || "{}");
    return true;
  } catch {
    return false;
  }
}
