import type { ErrorCode } from "../errors/error-facts.js";
import type { Clock } from "../files/clock.js";
import type { BatchProgress } from "./batch-summary.js";
import type { BatchLimits } from "./limits.js";
import { isSettled, type Recorded } from "./read-results.js";
import type { StopReason } from "./schedule.js";
import type { Task } from "./task.js";
import type { TaskResult } from "./task-result.js";

/** How many tasks are worked on, and what ends that. */
export interface BatchOptions {
  /** How many tasks run at once; default 2. */
  readonly concurrency?: number | undefined;
  /**
   * A file that each result is appended to. What is recorded there is not done again; without one, all tasks
   * are done.
   */
  readonly results?: string | undefined;
  /**
   * Whether tasks whose recorded result is a failure, or whose verify command did not pass, are done again, or which of
   * them, by id; default false.
   */
  readonly retryFailed?: boolean | ReadonlySet<string> | undefined;
  /** What the whole batch may come to before nothing more is started; what runs then comes to its end. */
  readonly limits?: BatchLimits | undefined;
  /** How long a provider's rate limit is waited for, in ms; default 10 minutes. */
  readonly patienceMs?: number | undefined;
  /** How often a task is put back because of a rate limit before that is its result; default 10. */
  readonly requeues?: number | undefined;
  /**
   * Whether a provider's tasks go on after it has refused the key or the credit, or everything for longer
   * than the patience; default false.
   */
  readonly keepGoing?: boolean | undefined;
  /** The model of tasks that name none, to know their provider by. */
  readonly defaultModel?: string | undefined;
  /** Ends the batch: tasks that run are ended, and have no result. */
  readonly signal?: AbortSignal | undefined;
  /** Told what happens, and how the batch stands then; must not throw. */
  readonly onEvent?: ((event: BatchEvent, standing: BatchProgress) => void) | undefined;
  /** Time, for tests. @internal */
  readonly clock?: Clock | undefined;
}

/** What happens in a batch, told as it does. */
export type BatchEvent =
  | { readonly kind: "begun" }
  | { readonly kind: "started"; readonly task: Task }
  /** The task has its result, which is recorded. */
  | { readonly kind: "finished"; readonly task: Task; readonly result: TaskResult }
  /** A rate limit: the task, and all others of these providers, wait until then (ms since the epoch). */
  | {
      readonly kind: "put-back";
      readonly task: Task;
      readonly providers: readonly string[];
      readonly until: number;
    }
  | { readonly kind: "interrupted"; readonly task: Task }
  /** No task of the provider is started any more. */
  | { readonly kind: "blocked"; readonly provider: string; readonly code: ErrorCode }
  /** Tasks wait in a queue of this name that has no workers. */
  | { readonly kind: "no-workers"; readonly queue: string }
  /** No task is started any more. */
  | { readonly kind: "stopping"; readonly reason: StopReason };

export const DEFAULT_CONCURRENCY = 2;
export const DEFAULT_BATCH_PATIENCE_MS = 600_000;
export const DEFAULT_REQUEUES = 10;

/** Whether a task is to be done, by what is recorded of it. @param recorded undefined where nothing is */
export function isPending(
  id: string,
  recorded: Pick<Recorded, "status" | "passed"> | undefined,
  retryFailed: BatchOptions["retryFailed"] = false,
): boolean {
  if (recorded === undefined) return true;
  if (isSettled(recorded)) return false;
  return typeof retryFailed === "boolean" ? retryFailed : retryFailed.has(id);
}
