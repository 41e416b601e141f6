import { decideRetry } from "../agent/retry-decision.js";
import { mergeRuns } from "../batch/merge-runs.js";
import type { TaskResult } from "../batch/task-result.js";
import { retryPolicies } from "../errors/retry-policy.js";
import type { JobData, JobPolicy } from "./job-data.js";
import type { ProviderPause } from "./provider-pauses.js";

export type AfterRun = {
  /** What every worker has to know of the providers that failed. */
  readonly pause: ProviderPause | null;
} & (
  | { readonly kind: "finished"; readonly result: TaskResult }
  /** To be started again, not before `at` (ms since the epoch). */
  | { readonly kind: "again"; readonly at: number; readonly state: JobData["state"] }
);

/** What is known when a run of a task has come to its end. */
export interface RunEnd {
  readonly result: TaskResult;
  readonly state: JobData["state"];
  readonly policy: JobPolicy;
  /** How often the task may be run, rate limits not counted. */
  readonly attempts: number;
  /** ms since the epoch. */
  readonly now: number;
  /** From 0 to 1: spreads the retries of many tasks. */
  readonly random: number;
}

/** So long a provider that has refused the key or the credit is left alone: meanwhile it may be put right. */
export const REFUSED_PAUSE_MS = 5 * 60_000;

/**
 * What becomes of a task after a run: the policy of its error's class decides, as it does within a run, but
 * between the runs the task waits in the queue and takes up no place.
 */
export function afterRun({ result, state, policy, attempts, now, random }: RunEnd): AfterRun {
  const { error } = result;
  const all = state.earlier === null ? result : mergeRuns(state.earlier, result);
  const finished = { kind: "finished", result: all } as const;
  if (error === null) return { ...finished, pause: null };
  const earlier = withoutAnswer(all);
  if (error.code === "rate_limit") {
    const pause = error.retryAt > now ? { until: error.retryAt, code: error.code } : null;
    if (error.retryAt - now > policy.patienceMs || state.putBacks >= policy.requeues) return { ...finished, pause };
    const putBack = { ...state, putBacks: state.putBacks + 1, earlier };
    return { kind: "again", at: Math.max(now, error.retryAt), state: putBack, pause };
  }
  if (retryPolicies[error.code].lasting) {
    const pause = policy.keepGoing ? null : { until: now + REFUSED_PAUSE_MS, code: error.code };
    return { ...finished, pause };
  }
  const retriesOfClass = state.retries[error.code] ?? 0;
  const retries = Object.values(state.retries).reduce((sum, times) => sum + times, 0);
  const decision = decideRetry(
    error,
    { retries, retriesOfClass, fallbacks: 0, now, deadline: Number.POSITIVE_INFINITY, random },
    { retries: attempts - 1 },
  );
  if (decision.kind !== "retry") return { ...finished, pause: null };
  const counted = { ...state.retries, [error.code]: retriesOfClass + 1 };
  return {
    kind: "again",
    at: now + decision.waitMs,
    state: { ...state, retries: counted, earlier },
    pause: null,
  };
}

/** A run that another one follows: its answer, which may be long, is not what the task comes to. */
export function withoutAnswer(run: TaskResult): TaskResult {
  return { ...run, text: null, output: null };
}
