import type { BatchOptions } from "../batch/batch-options.js";
import type { TaskRequest } from "../batch/task.js";
import type { RedisLink } from "./redis-link.js";

/** Like a batch on this machine, but for what is its workers' to say. */
export interface FleetBatchOptions extends Omit<BatchOptions, "concurrency" | "results"> {
  /** As `openRedis` makes it. */
  readonly redis: RedisLink;
  /** The queue's name. */
  readonly queue: string;
  /** A file that each result is appended to. What is recorded there is not done again. */
  readonly results: string;
  /** What the batch is known by again; default: this machine's name and the path of the results. */
  readonly batchId?: string | undefined;
  /** What a task asks the workers for, with what holds for all tasks; default: what it says itself. */
  readonly requestOf?: ((request: TaskRequest, batchId: string) => TaskRequest) | undefined;
  /** Whether tasks that no worker has begun leave the queue when the signal ends the batch; default false. */
  readonly cancel?: boolean | undefined;
}
