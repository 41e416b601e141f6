import { addWireFigures } from "../analysis/wire-figures.js";
import { addTotals } from "../trace/totals.js";
import type { TaskDelivery, TaskResult } from "./task-result.js";

/**
 * The result of a task that was run again, after a rate limit, with all that its earlier runs used and left.
 */
export function mergeRuns(earlier: TaskResult | undefined, last: TaskResult): TaskResult {
  if (!earlier) return last;
  return {
    ...last,
    attempts: [...earlier.attempts, ...last.attempts],
    totals: addTotals(earlier.totals, last.totals),
    wire: addWireFigures(earlier.wire, last.wire),
    traceIds: [...earlier.traceIds, ...last.traceIds],
    urls: { ...earlier.urls, ...last.urls },
    startedAt: earlier.startedAt,
    delivery: mergeDeliveries(earlier.delivery, last.delivery),
    kept: areKept(earlier, last),
    notes: [...new Set([...earlier.notes, ...last.notes])],
  };
}

/** A run that ended before it came to a turn had nothing to keep. */
function areKept(...runs: readonly TaskResult[]): boolean {
  const withTurns = runs.filter(({ traceIds }) => traceIds.length > 0);
  return (withTurns.length > 0 ? withTurns : runs).every(({ kept }) => kept);
}

/** The deliveries of several runs as one for each destination. */
export function mergeDeliveries(
  earlier: readonly TaskDelivery[],
  last: readonly TaskDelivery[],
): readonly TaskDelivery[] {
  const byName = new Map(earlier.map((one) => [one.destination, one]));
  for (const one of last) {
    const before = byName.get(one.destination);
    byName.set(
      one.destination,
      before
        ? {
            destination: one.destination,
            acknowledged: before.acknowledged + one.acknowledged,
            pending: before.pending + one.pending,
            unsaved: before.unsaved + one.unsaved,
            rejected: before.rejected + one.rejected,
            lastError: one.lastError ?? before.lastError,
          }
        : one,
    );
  }
  return [...byName.values()];
}
