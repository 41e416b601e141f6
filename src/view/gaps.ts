import type { LoopTrace } from "../trace/model.js";
import { totalTokens } from "../trace/usage.js";
import { plural } from "./format.js";
import { callsIn, toolsIn } from "./loop-parts.js";

/** What the sums over some traces lack, or hold only as far as it is known: how many of each. */
export interface Gaps {
  readonly missingSubagents: number;
  /** Turns without an end. */
  readonly unfinished: number;
  readonly calls: number;
  /** Calls whose tokens opencode did not record. */
  readonly withoutUsage: number;
  /** Calls that took tokens whose price opencode does not know. */
  readonly withoutPrice: number;
  /** Tools without an end. */
  readonly openTools: number;
}

export function gapsOf(traces: readonly LoopTrace[]): Gaps {
  const loops = traces.map(({ loop }) => loop);
  const calls = loops.flatMap(callsIn);
  return {
    missingSubagents: loops.reduce((sum, loop) => sum + loop.totalsWithSubagents.missingSubagents, 0),
    unfinished: loops.filter(({ outcome }) => outcome === "unfinished").length,
    calls: calls.length,
    withoutUsage: calls.filter(({ usage }) => usage === null).length,
    withoutPrice: calls.filter(({ usage, cost }) => usage && totalTokens(usage) > 0 && cost === null).length,
    openTools: loops.flatMap(toolsIn).filter(({ outcome }) => outcome === "unfinished").length,
  };
}

/** In words, for people: a text a gap; none where nothing of a kind is known at all, since then no sum pretends to be one. */
export const gapTexts = {
  missingSubagents: ({ missingSubagents: some }: Gaps): readonly string[] =>
    some > 0 ? [`${plural(some, "subagent session")} not in the input: what they took is in no sum`] : [],
  unfinished: ({ unfinished: some }: Gaps): readonly string[] =>
    some > 0 ? [`${plural(some, "turn")} without an end: counted as far as the session tells`] : [],
  withoutUsage: ({ withoutUsage: some, calls }: Gaps): readonly string[] =>
    some > 0 && some < calls ? [`tokens and cost lack ${plural(some, "call")} of unknown usage`] : [],
  withoutPrice: ({ withoutPrice: some, calls }: Gaps): readonly string[] =>
    some > 0 && some < calls
      ? [`the cost lacks ${plural(some, "call")} that opencode knows no price of`]
      : [],
  openTools: ({ openTools: some }: Gaps): readonly string[] =>
    some > 0 ? [`${plural(some, "tool call")} without an end: counted up to the last known moment`] : [],
};
