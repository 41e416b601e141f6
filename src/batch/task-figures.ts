import { z } from "zod";
import { toolsIn } from "../analysis/loop-parts.js";
import { percentile } from "../analysis/percentiles.js";
import type { LoopTrace } from "../trace/model.js";
import { promptTokens } from "../trace/usage.js";

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
  })
  .readonly();

/** What a line of results tells of the turns beside their totals. */
export type TaskFigures = z.output<typeof taskFiguresSchema>;

/** The figures of the turns of one run of a task. */
export function figuresOf(traces: readonly Pick<LoopTrace, "loop">[]): TaskFigures {
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
  };
}
