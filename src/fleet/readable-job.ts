import { Job, type JobJson, type JobProgress, Queue, Worker } from "bullmq";

/**
 * A job of BullMQ's, also where its data are no JSON: they are null then, which is no job of looptrace's. BullMQ itself throws where it
 * makes the job of what Redis has, when it has been taken out of the queue already; nobody would work on it, and nobody end it.
 */
class ReadableJob<
  D = unknown,
  R = unknown,
  N extends string = string,
  P extends JobProgress = JobProgress,
> extends Job<D, R, N, P> {
  static override fromJSON<T = unknown, R = unknown, N extends string = string>(
    queue: Parameters<typeof Job.fromJSON>[0],
    json: JobJson,
    jobId?: string,
  ): Job<T, R, N> {
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
