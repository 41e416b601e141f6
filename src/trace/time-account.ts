import { covered, type Interval } from "./intervals.js";
import type { TimeAccount } from "./model.js";

/** A call, as far as its time is concerned. */
export interface ModelTime extends Interval {
  readonly firstTokenAt: number | null;
}

/**
 * Where the time of a step or a loop went.
 *
 * A moment counts once, for the first of model, tools, retries that was at work; what remains is opencode's own time.
 *
 * @param bounds the step's or the loop's own time
 * @param work what happened in it; stretches that reach outside are cut to the bounds
 */
export function timeAccount(
  bounds: Interval,
  work: {
    readonly model: readonly ModelTime[];
    readonly tools: readonly Interval[];
    readonly retries: readonly Interval[];
  },
): TimeAccount {
  const { model, tools, retries } = work;
  const duration = bounds.end - bounds.start;
  const modelMs = covered(model, bounds);
  const waiting = model.map(({ start, firstTokenAt, end }) => ({ start, end: firstTokenAt ?? end }));
  const modelAndTools = tools.length === 0 ? modelMs : covered([...model, ...tools], bounds);
  const all = retries.length === 0 ? modelAndTools : covered([...model, ...tools, ...retries], bounds);
  return {
    duration,
    model: modelMs,
    firstToken: covered(waiting, bounds),
    tools: modelAndTools - modelMs,
    retries: all - modelAndTools,
    other: duration - all,
    toolsSummed: tools.reduce((sum, tool) => sum + covered([tool], bounds), 0),
  };
}
