import type { Interval } from "../opencode/model.js";
import { covered, overlap } from "./intervals.js";
import type { TimeAccount } from "./model.js";

/** A call, as far as its time is concerned. */
export interface ModelTime extends Interval {
  readonly firstTokenAt: number | null;
}

/** What took time; `tools`: when they were at work, `waiting`: when a permission was waited for. */
export interface WorkInTime {
  readonly model: readonly ModelTime[];
  readonly tools: readonly Interval[];
  readonly waiting: readonly Interval[];
  readonly retries: readonly Interval[];
}

/**
 * Where the time of a step or a loop went.
 *
 * A moment counts once, for the first of model, tools, waiting, retries that it was spent on; what remains is
 * opencode's own time.
 *
 * @param bounds the step's or the loop's own time
 * @param work what happened in it; stretches that reach outside are cut to the bounds
 */
export function timeAccount(bounds: Interval, { model, tools, waiting: waits, retries }: WorkInTime): TimeAccount {
  const duration = bounds.end - bounds.start;
  const modelMs = covered(model, bounds);
  // A list that is joined this way has no room to spare, and there is one for each step.
  const work = tools.length === 0 ? model : NONE.concat(model, tools);
  const modelAndTools = tools.length === 0 ? modelMs : covered(work, bounds);
  const withWaits = waits.length === 0 ? modelAndTools : covered([...work, ...waits], bounds);
  const all = retries.length === 0 ? withWaits : covered([...work, ...waits, ...retries], bounds);
  let toolsSummed = 0;
  for (const { start, end } of tools) toolsSummed += overlap(start, end, bounds);
  return {
    duration,
    model: modelMs,
    firstToken: toFirstToken(model, bounds),
    tools: modelAndTools - modelMs,
    waiting: withWaits - modelAndTools,
    retries: all - withWaits,
    other: duration - all,
    toolsSummed,
  };
}

const NONE: readonly Interval[] = [];

/** How long first tokens were waited for. */
function toFirstToken(model: readonly ModelTime[], bounds: Interval): number {
  const first = model[0];
  if (first && model.length === 1) return overlap(first.start, first.firstTokenAt ?? first.end, bounds);
  return covered(
    model.map(({ start, firstTokenAt, end }) => ({ start, end: firstTokenAt ?? end })),
    bounds,
  );
}
