import type { ErrorCode } from "../errors/error-facts.js";
import type { Usage } from "../trace/model.js";
import { addCost, addUsage, NO_USAGE, totalTokens } from "../trace/usage.js";
import { mergeDeliveries } from "./merge-runs.js";
import type { Results } from "./results.js";
import type { NotDoneReason, Spending } from "./schedule.js";
import { isResultDelivered, type TaskDelivery, type TaskResult } from "./task-result.js";

/**
 * How a batch stands. What was recorded by earlier starts of it is in `total`, `skipped` and `skippedFailed`
 * alone.
 */
export interface BatchProgress {
  /** Tasks of the list. */
  readonly total: number;
  /** Tasks that were done before. */
  readonly skipped: number;
  /** Tasks that had failed before and are not done again. */
  readonly skippedFailed: number;
  /** Tasks that are done since this start. */
  readonly done: number;
  /** How many tasks failed, by the code of their error. */
  readonly failed: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Tasks that run now. */
  readonly running: number;
  /** Tasks that are still to be started, or wait to be started again. */
  readonly waiting: number;
  /** Of all attempts that are over. */
  readonly usage: Usage;
  /** USD; null while opencode has priced nothing. */
  readonly cost: number | null;
  /**
   * Until when providers are left alone because of a rate limit, ms since the epoch; `""` is the one that
   * opencode chooses.
   */
  readonly pauses: readonly { readonly provider: string; readonly until: number }[];
  /** ms since the epoch. */
  readonly startedAt: number;
}

/** Tasks without a result, for one reason. */
export interface NotStarted {
  /** Why: a limit, an interruption, or what the provider refused. */
  readonly reason: NotDoneReason;
  /** Where the reason is a provider's refusal; `""` is the one that opencode chooses. */
  readonly provider: string | null;
  /** How many. */
  readonly tasks: number;
}

/** What became of a batch. */
export interface BatchSummary extends Omit<BatchProgress, "running" | "waiting" | "pauses"> {
  /** Tasks that have no result and are done at the next start: interrupted, or not started at all. */
  readonly notDone: readonly NotStarted[];
  /** Tasks that were done before but asked for something else then. */
  readonly changed: number;
  /** Lines of the results that a crash of the machine had left unreadable; their tasks are done again. */
  readonly damaged: number;
  /** Tasks whose verify command passed, and those whose did not, those that were done before among them. */
  readonly verified: { readonly passed: number; readonly failed: number };
  /** Tasks whose cost opencode does not know, or not whole. */
  readonly unpriced: number;
  /** What earlier starts of the batch had come to. */
  readonly before: Spending;
  /** Sessions that ended since this start. */
  readonly sessions: number;
  /** Sessions that ended, a minute. */
  readonly sessionsPerMinute: number;
  /** ms since the epoch. */
  readonly endedAt: number;
  /** The file of the results; null where there is none. */
  readonly results: string | null;
  /** Tasks whose traces are not where they belong. */
  readonly undelivered: number;
  /** Where the traces of all tasks are, by destination. */
  readonly delivery: readonly TaskDelivery[];
}

/** Adds up the results of a batch. */
export interface Tally {
  /** A run that is over, also one whose task is put back or interrupted. */
  ran(run: TaskResult): void;
  /** A task that has come to its result. */
  finished(result: TaskResult): void;
  readonly sums: Readonly<Sums>;
}

type Sums = Pick<
  BatchSummary,
  "done" | "failed" | "verified" | "usage" | "cost" | "unpriced" | "sessions" | "undelivered" | "delivery"
>;

/** @param before what the verify commands of tasks have said that are not done again */
export function createTally(before: BatchSummary["verified"] = { passed: 0, failed: 0 }): Tally {
  let sums: Sums = {
    done: 0,
    failed: {},
    verified: before,
    usage: NO_USAGE,
    cost: null,
    unpriced: 0,
    sessions: 0,
    undelivered: 0,
    delivery: [],
  };
  return {
    ran: ({ totals, attempts, delivery }) => {
      sums = {
        ...sums,
        usage: addUsage(sums.usage, totals.usage),
        cost: addCost(sums.cost, totals.cost),
        unpriced: sums.unpriced + (totals.cost === null && totalTokens(totals.usage) > 0 ? 1 : 0),
        delivery: mergeDeliveries(sums.delivery, delivery),
        sessions: sums.sessions + new Set(attempts.flatMap(({ sessionId }) => sessionId ?? [])).size,
      };
    },
    finished: (result) => {
      const { error, verify } = result;
      const undelivered = sums.undelivered + (isResultDelivered(result) ? 0 : 1);
      const verified = withVerified(sums.verified, verify?.passed ?? null);
      sums =
        error === null
          ? { ...sums, undelivered, verified, done: sums.done + 1 }
          : {
              ...sums,
              undelivered,
              verified,
              failed: { ...sums.failed, [error.code]: (sums.failed[error.code] ?? 0) + 1 },
            };
    },
    get sums() {
      return sums;
    },
  };
}

/** @param passed null where a task has no verify command */
export function withVerified(
  { passed, failed }: BatchSummary["verified"],
  one: boolean | null,
): BatchSummary["verified"] {
  return { passed: passed + (one === true ? 1 : 0), failed: failed + (one === false ? 1 : 0) };
}

/** What a batch came to, once nothing of it runs any more. */
export function summaryOf(
  about: Pick<BatchSummary, "total" | "skipped" | "skippedFailed" | "startedAt">,
  { sums }: Tally,
  notDone: readonly NotStarted[],
  results: Pick<Results, "path" | "changed" | "damaged" | "spent"> | undefined,
  endedAt: number,
): BatchSummary {
  const { startedAt } = about;
  return {
    ...about,
    ...sums,
    notDone,
    changed: results?.changed ?? 0,
    damaged: results?.damaged ?? 0,
    before: results?.spent ?? { cost: 0, tokens: 0 },
    sessionsPerMinute: endedAt > startedAt ? (sums.sessions / (endedAt - startedAt)) * 60_000 : 0,
    endedAt,
    results: results?.path ?? null,
  };
}

/** How many tasks failed, whatever the code. */
export function failures({ failed }: Pick<BatchProgress, "failed">): number {
  return Object.values(failed).reduce((sum, tasks) => sum + tasks, 0);
}
