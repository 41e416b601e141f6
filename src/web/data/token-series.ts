import { causeText } from "../../analysis/token-rows.js";
import { oneLine } from "../../text/terminal-text.js";
import type { Call, Loop, Usage } from "../../trace/model.js";
import { recordedUsage } from "../../trace/usage.js";
import type { TokenParts, TokenPoint, TokenSeries } from "./report-data.js";

/** A loop or a call with the row that it has. */
export interface Placed<T> {
  readonly row: number;
  readonly of: T;
}

/**
 * How the context of a loop grew over its calls.
 *
 * @param turn of its session, from 0
 * @returns null for a loop that called no model
 */
export function tokenSeries(loop: Placed<Loop>, calls: readonly Placed<Call>[], turn: number): TokenSeries | null {
  if (calls.length === 0) return null;
  const name = loop.row === 0 ? "the turn" : oneLine(loop.of.agent ?? "subagent");
  return { row: loop.row, name, calls: calls.map((call) => pointOf(call, turn)) };
}

function pointOf({ row, of: call }: Placed<Call>, turn: number): TokenPoint {
  const { cumulative, usage, usageDoubt } = call;
  return {
    ...partsOf(recordedUsage(call)),
    row,
    name: `llm-call-${call.index}`,
    known: usage !== null || usageDoubt?.kind === "partial",
    doubt: usageDoubt?.reason ?? null,
    context: cumulative.contextTokens,
    growth: cumulative.contextGrowth,
    cacheHitRatio: cumulative.cacheHitRatio,
    cost: call.cost,
    sum: partsOf(cumulative.usage),
    causes: call.contextCauses.map((cause) => ({ text: oneLine(causeText(cause, turn)), tokens: cause.tokens })),
  };
}

/** What is written to the cache is read anew by the model, so it counts as new. */
export function partsOf(usage: Usage | null): TokenParts {
  if (!usage) return { cached: 0, fresh: 0, output: 0, reasoning: 0 };
  const { input, cacheRead, cacheWrite, output, reasoning } = usage;
  return { cached: cacheRead, fresh: input + cacheWrite, output, reasoning };
}
