import type { TaskResult } from "../batch/task-result.js";
import { totalTokens } from "../trace/usage.js";
import type { MeasureName } from "./measure-names.js";

/** One run of an experiment, as far as it is compared. */
export interface RunRecord {
  readonly case: string;
  readonly arm: string;
  /** From 0. */
  readonly run: number;
  /** When it was started, ms since the epoch. */
  readonly startedAt: number;
  /** Pass is 0 or 1, cost USD, times ms; null where it is not known, or is nothing. */
  readonly values: Readonly<Record<MeasureName, number | null>>;
  /** How much of the first call's prompt came from the provider's cache, 0 to 1; null where that is not known. */
  readonly cachedAtFirst: number | null;
}

/**
 * What a run's result tells of it.
 *
 * @returns null where it says nothing of its arm, see `isVoid`
 */
export function recordOf(result: TaskResult, about: Pick<RunRecord, "case" | "arm" | "run">): RunRecord | null {
  if (isVoid(result)) return null;
  const { totals, figures, verify, status, startedAt } = result;
  // Not what a run took that a rate limit ended before: that tells of the provider.
  const took = figures?.lastRun ?? { cost: totals.cost, tokens: totalTokens(totals.usage), steps: totals.steps };
  const first = figures?.firstCall ?? null;
  return {
    ...about,
    startedAt,
    values: {
      pass: (verify === null ? status === "done" : verify.passed) ? 1 : 0,
      cost: positive(took.cost),
      tokens: positive(took.tokens),
      steps: positive(took.steps),
      time: positive(figures?.turnsMs ?? null),
      toolP90: figures?.toolP90Ms === undefined || figures.toolP90Ms === null ? null : Math.max(1, figures.toolP90Ms),
    },
    cachedAtFirst: first !== null && first.prompt > 0 ? first.cacheRead / first.prompt : null,
  };
}

/** A price that opencode does not know is a zero there; and of nothing there is no ratio. */
function positive(value: number | null): number | null {
  return value !== null && value > 0 ? value : null;
}

/** Failures that tell of the provider or of looptrace's surroundings, whatever the arm. */
const NOT_THE_ARMS: ReadonlySet<string> = new Set([
  ...(["rate_limit", "authentication_failed", "billing_error", "server_error"] as const),
]);

/** Whether a run came to nothing that its arm could be judged by: it is done again at the next start. */
export function isVoid({ error, totals }: Pick<TaskResult, "error" | "totals">): boolean {
  if (error === null) return false;
  if (error.code === "aborted") return error.abortedBy !== "limit";
  // There is no such model, say: no step was made by which the arm could be judged.
  return totals.steps === 0 || NOT_THE_ARMS.has(error.code);
}
