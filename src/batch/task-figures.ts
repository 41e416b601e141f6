import { z } from "zod";
import { toolsIn } from "../analysis/loop-parts.js";
import { percentile } from "../analysis/percentiles.js";
import type { LoopTrace, Totals } from "../trace/model.js";
import { promptTokens, totalTokens } from "../trace/usage.js";

const count = z.int().min(0);

/** What a line of results tells of the turns beside their totals. */
export const taskFiguresSchema = z
  .object({
    /** How long the turns took, ms: neither the start of opencode nor the delivery is in it. */
    turnsMs: z.number(),
    /** Tool calls that ended, those of subagents too. */
    toolCalls: count,
    /** The 90th percentile of their durations by nearest rank, ms; null without any. */
    toolP90Ms: z.number().nullable(),
    /** Of the first call that tells its tokens: all of its prompt, and what of it came from the provider's cache. */
    firstCall: z.object({ prompt: count, cacheRead: count }).readonly().nullable(),
    /**
     * What the last run took, cost in USD: a task that was put back because of a rate limit has those before it in its
     * totals. Null in results of before it was told.
     */
    lastRun: z
      .object({ cost: z.number().nullable(), tokens: z.number(), steps: count })
      .readonly()
      .nullable()
      .default(null),
  })
  .readonly();

/** What a line of results tells of the turns beside their totals. */
export type TaskFigures = z.output<typeof taskFiguresSchema>;

/** The figures of the turns of one run of a task. @param totals of all of it */
export function figuresOf(traces: readonly Pick<LoopTrace, "loop">[], totals: Totals): TaskFigures {
  const loops = traces.map(({ loop }) => loop);
  const durations = loops
    .flatMap(toolsIn)
    .filter(({ outcome }) => outcome !== "unfinished")
    .map(({ start, end }) => end - start)
    .sort((a, b) => a - b);
  const first = loops.flatMap(({ steps }) => steps.flatMap(({ call }) => call?.usage ?? []))[0];
  return {
    turnsMs: loops.reduce((sum, { start, end }) => sum + (end - start), 0),
    toolCalls: durations.length,
    toolP90Ms: percentile(durations, 90) ?? null,
    firstCall: first ? { prompt: promptTokens(first), cacheRead: first.cacheRead } : null,
    lastRun: { cost: totals.cost, tokens: totalTokens(totals.usage), steps: totals.steps },
  };
}
