import type { Tokens } from "../opencode/schema/session-export.js";
import type { Cumulative, Usage } from "./model.js";

export const NO_USAGE: Usage = { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 };

/**
 * opencode's buckets are disjoint; they are taken over as they are.
 *
 * @returns null when the provider reported no usage: opencode then writes zeros and leaves out the total
 */
export function usageFrom(tokens: Tokens): Usage | null {
  const { total, input, output, reasoning, cache } = tokens;
  if (total === undefined && input + output + reasoning + cache.read + cache.write === 0) return null;
  return {
    input: tokens.input,
    output: tokens.output,
    reasoning: tokens.reasoning,
    cacheRead: tokens.cache.read,
    cacheWrite: tokens.cache.write,
  };
}

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
  };
}

/** All tokens of a call: what the model read and what it wrote. */
export function totalTokens(usage: Usage): number {
  return promptTokens(usage) + usage.output + usage.reasoning;
}

/** What the model read: new input, cached input and what was written to the cache. */
export function promptTokens(usage: Usage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite;
}

/** USD; a price that opencode does not know is no zero. */
export function addCost(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : a + b;
}

/** The figures after one more call. @param before those after the previous call, if any */
export function accumulate(before: Cumulative | null, usage: Usage | null, cost: number | null): Cumulative {
  const sum = addUsage(before?.usage ?? NO_USAGE, usage ?? NO_USAGE);
  const contextTokens = usage ? totalTokens(usage) : (before?.contextTokens ?? 0);
  const prompt = usage ? promptTokens(usage) : 0;
  return {
    contextTokens,
    // Before the first call with a known usage nobody knows what the context held.
    contextGrowth: usage && before && before.contextTokens > 0 ? contextTokens - before.contextTokens : null,
    usage: sum,
    cost: addCost(before?.cost ?? null, cost),
    cacheHitRatio: usage && prompt > 0 ? usage.cacheRead / prompt : null,
  };
}
