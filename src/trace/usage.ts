import type { Call, Cumulative, Usage } from "./model.js";

export const NO_USAGE: Usage = { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 };

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

/** What calls took together; null where nothing is known of any: no request has no tokens. */
export function knownTokens(calls: number, tokens: number): number | null {
  return tokens === 0 && calls > 0 ? null : tokens;
}

/** What the model read: new input, cached input and what was written to the cache. */
export function promptTokens(usage: Usage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite;
}

/** USD; a price that opencode does not know is no zero. */
export function addCost(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : a + b;
}

/** What is told of a call's tokens. */
export type CallTokens = Pick<Call, "usage" | "usageDoubt">;

/** What the sums hold of a call: what was recorded, however doubtful. */
export function recordedUsage({ usage, usageDoubt }: CallTokens): Usage {
  return usage ?? usageDoubt?.recorded ?? NO_USAGE;
}

/** Its tokens, where half of them, the prompt or the output, is to be told. */
export function usageOfHalf(half: "prompt" | "output", { usage, usageDoubt }: CallTokens): Usage | null {
  if (usage) return usage;
  return usageDoubt?.kind === "partial" && !usageDoubt.unsure.includes(half) ? usageDoubt.recorded : null;
}

/** The same where something is to be concluded from it: nothing may speak against that half. */
export function sureUsageOf(half: "prompt" | "output", call: CallTokens): Usage | null {
  return call.usageDoubt?.unsure.includes(half) ? null : usageOfHalf(half, call);
}

/** The figures after one more call. @param before those after the previous call, if any */
export function accumulate(before: Cumulative | null, call: CallTokens, cost: number | null): Cumulative {
  const read = sureUsageOf("prompt", call);
  const written = sureUsageOf("output", call);
  const prompt = read ? promptTokens(read) : 0;
  const contextTokens = read
    ? prompt + (written ? written.output + written.reasoning : 0)
    : (before?.contextTokens ?? 0);
  return {
    contextTokens,
    // Before the first call with a known prompt it is unknown what the context held.
    contextGrowth: read && before && before.contextTokens > 0 ? contextTokens - before.contextTokens : null,
    usage: addUsage(before?.usage ?? NO_USAGE, recordedUsage(call)),
    cost: addCost(before?.cost ?? null, cost),
    cacheHitRatio: read && prompt > 0 ? read.cacheRead / prompt : null,
  };
}
