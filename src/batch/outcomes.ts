import { totalTokens } from "../trace/usage.js";
import type { NotStarted } from "./batch-summary.js";
import type { Ended, Left } from "./schedule.js";
import type { TaskResult } from "./task-result.js";

/** What the schedule has to know of a run that is over. */
export function endedBy({ error, totals }: TaskResult, providers: readonly string[], interrupted: boolean): Ended {
  return {
    error:
      error === null ? null : { code: error.code, ...(error.code === "rate_limit" ? { retryAt: error.retryAt } : {}) },
    providers,
    cost: totals.cost ?? 0,
    tokens: totalTokens(totals.usage),
    interrupted,
  };
}

/** Why tasks have no result, each reason once. */
export function notDoneOf(left: readonly Pick<Left, "reason" | "provider">[]): readonly NotStarted[] {
  const byReason = new Map<string, NotStarted>();
  for (const { reason, provider } of left) {
    const key = `${reason} ${provider ?? ""}`;
    const tasks = (byReason.get(key)?.tasks ?? 0) + 1;
    byReason.set(key, { reason, provider, tasks });
  }
  return [...byReason.values()];
}
