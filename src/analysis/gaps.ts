import type { Spent } from "../opencode/model.js";
import { cost, count, plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import type { Loop, LoopTrace, OtherCall, UsageDoubt } from "../trace/model.js";
import { isUnknown } from "../trace/other-call-usage.js";
import { otherCallsIn, spentOnOthers } from "../trace/other-calls.js";
import { addCost, recordedUsage, totalTokens } from "../trace/usage.js";
import { callsIn, loopsIn, toolsIn } from "./loop-parts.js";
import { purposeText } from "./row-texts.js";

/** What the sums over some traces lack, or hold only as far as it is known: how many of each. */
export interface Gaps {
  readonly missingSubagents: number;
  /** Turns without an end. */
  readonly unfinished: number;
  /** Subagents without an end in turns that have one: in the background, or a plugin's. */
  readonly unfinishedSubagents: number;
  readonly calls: number;
  /** Calls whose tokens are unknown. */
  readonly withoutUsage: number;
  /** Those of them that failed or were cut off, so that nothing was to be recorded. */
  readonly unrecorded: number;
  /** Calls that were answered and whose recorded tokens are in doubt. */
  readonly doubts: readonly DoubtfulCall[];
  /** Calls that took tokens whose price opencode does not know. */
  readonly withoutPrice: number;
  /** What of the cost is by the user's own prices, USD; null where nothing is. */
  readonly costByUser: number | null;
  /** Tools without an end. */
  readonly openTools: number;
  /** Calls beside the steps, and what is in no sum since they took it. */
  readonly otherCalls: Spent & {
    readonly kinds: readonly OtherCall["kind"][];
    readonly calls: number;
    /** Those that took tokens, and nothing tells how many. */
    readonly withoutUsage: number;
    /** Those whose tokens are known, and not what they cost. */
    readonly withoutCost: number;
    /** Those of them that are summaries, each with the whole conversation for its input. */
    readonly summariesWithoutCost: number;
  };
}

export interface DoubtfulCall {
  /** `llm-call-3`; a subagent's with its agent before it. */
  readonly name: string;
  readonly doubt: UsageDoubt;
}

export function gapsOf(traces: readonly LoopTrace[]): Gaps {
  const loops = traces.map(({ loop }) => loop);
  const calls = loops.flatMap(callsIn);
  const others = loops.flatMap(otherCallsIn);
  const unpriced = others.filter(({ usage, cost: usd }) => usd === null && usage && totalTokens(usage) > 0);
  return {
    missingSubagents: loops.reduce((sum, loop) => sum + loop.totalsWithSubagents.missingSubagents, 0),
    unfinished: loops.filter(isUnfinished).length,
    unfinishedSubagents: loops
      .filter((loop) => !isUnfinished(loop))
      .flatMap(loopsIn)
      .filter(isUnfinished).length,
    calls: calls.length,
    withoutUsage: calls.filter((call) => call.usage === null && totalTokens(recordedUsage(call)) === 0).length,
    unrecorded: calls.filter(({ usage, usageDoubt }) => usage === null && usageDoubt === null).length,
    doubts: loops.flatMap((loop) => loopsIn(loop).flatMap((one) => doubtsOf(one, one === loop))),
    withoutPrice: calls.filter((call) => call.cost === null && totalTokens(recordedUsage(call)) > 0).length,
    costByUser: calls.reduce<number | null>(
      (sum, { cost: usd, costFrom }) => (costFrom ? addCost(sum, usd) : sum),
      null,
    ),
    openTools: loops.flatMap(toolsIn).filter(({ outcome }) => outcome === "unfinished").length,
    otherCalls: {
      ...spentOnOthers(others),
      kinds: [...new Set(others.map(({ kind }) => kind))],
      calls: others.length,
      withoutUsage: others.filter(isUnknown).length,
      withoutCost: unpriced.length,
      summariesWithoutCost: unpriced.filter(({ kind }) => kind === "compaction").length,
    },
  };
}

function isUnfinished({ outcome }: Loop): boolean {
  return outcome === "unfinished";
}

function doubtsOf({ agent, steps }: Loop, own: boolean): readonly DoubtfulCall[] {
  const whose = own ? "" : `${oneLine(agent ?? "subagent")} `;
  return steps.flatMap(({ call }) =>
    call?.usageDoubt ? [{ name: `${whose}llm-call-${call.index}`, doubt: call.usageDoubt }] : [],
  );
}

/** A provider that counts wrongly does so in every call. */
const MOST_DOUBTS = 3;

/** What is in doubt, on one line: `prompt of llm-call-1 unknown: opencode recorded a prompt of 0 tokens`. */
export function doubtText({ kind, reason, unsure }: UsageDoubt, name: string): string {
  switch (kind) {
    case "unknown":
      return `tokens of ${name} unknown: ${reason}`;
    case "partial":
      return `${unsure.join(" and ")} of ${name} unknown: ${reason}`;
    case "contradiction":
      return `tokens of ${name} contradict each other: ${reason}`;
    default:
      return kind satisfies never;
  }
}

/** What calls beside the steps cost: a part of it must not look like all. @param unknown of how many it is not known */
export function besideCost(usd: number | null, unknown: number): string {
  return usd === null ? "cost not known" : `${cost(usd)}${ofUnknown(unknown)}`;
}

/** Behind a sum. @param calls those that it lacks */
export function ofUnknown(calls: number): string {
  return calls > 0 ? ` (of ${count(calls)} not known)` : "";
}

/** In words, a text a gap, what weighs most first; none where nothing is known at all: then no sum pretends to be one. */
export const gapTexts = {
  missingSubagents: ({ missingSubagents: some }: Gaps): readonly string[] =>
    some > 0 ? [`${plural(some, "subagent session")} not in the input: what they took is in no sum`] : [],
  unfinished: ({ unfinished, unfinishedSubagents }: Gaps): readonly string[] => [
    ...(unfinished > 0 ? [`${plural(unfinished, "turn")} without an end: counted as far as the session tells`] : []),
    ...(unfinishedSubagents > 0
      ? [`${plural(unfinishedSubagents, "subagent")} without an end: counted as far as the session tells`]
      : []),
  ],
  withoutUsage: ({ unrecorded: some, calls }: Gaps): readonly string[] =>
    some > 0 && some < calls ? [`tokens and cost lack ${plural(some, "call")} of unknown usage`] : [],
  doubts: ({ doubts }: Gaps): readonly string[] => [
    ...doubts.slice(0, MOST_DOUBTS).map(({ name, doubt }) => doubtText(doubt, name)),
    ...(doubts.length > MOST_DOUBTS
      ? [`the tokens of ${plural(doubts.length - MOST_DOUBTS, "more call")} are in doubt too`]
      : []),
  ],
  withoutPrice: ({ withoutPrice: some, calls }: Gaps): readonly string[] =>
    some > 0 && some < calls ? [`the cost lacks ${plural(some, "call")} that opencode knows no price of`] : [],
  userPrices: ({ costByUser: usd }: Gaps): readonly string[] =>
    usd === null ? [] : [`${usd === 0 ? "calls are free" : `${cost(usd)} of the cost is`} by your prices`],
  otherCalls: ({
    otherCalls: { usage, cost: usd, kinds, calls, withoutUsage, withoutCost },
  }: Gaps): readonly string[] => {
    if (kinds.length === 0) return [];
    const price = usd === null && withoutCost === 0 ? "" : `, ${besideCost(usd, withoutCost)}`;
    const known = `with ${count(totalTokens(usage))} tokens${price}`;
    const unknown =
      withoutUsage === calls ? `of unknown usage${price}` : `${known}, and ${count(withoutUsage)} of unknown usage`;
    const what = withoutUsage === 0 ? known : unknown;
    return [`in no sum: other calls ${what} (${kinds.map((kind) => purposeText(kind)).join("; ")})`];
  },
  openTools: ({ openTools: some }: Gaps): readonly string[] =>
    some > 0 ? [`${plural(some, "tool call")} without an end: counted up to the last known moment`] : [],
};
