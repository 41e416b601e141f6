import type { LoopTrace, WireFacts } from "../trace/model.js";
import { otherCallsIn, spentOnOthers } from "../trace/other-calls.js";
import { promptTokens, sureUsageOf, totalTokens } from "../trace/usage.js";
import { callsIn, loopsIn } from "./loop-parts.js";

/** What the recorded requests of some turns come to; plain data. */
export interface WireFigures {
  /** All that were sent: of calls, of attempts that died, and of calls beside the steps. */
  readonly requests: number;
  /** Those of attempts that died, and were made again. */
  readonly retries: number;
  /** Those for titles, compactions and the like. */
  readonly otherCalls: number;
  /** What those took, as far as it is known; USD. */
  readonly otherTokens: number;
  readonly otherCost: number | null;
  /** Bytes of all bodies that were sent. */
  readonly requestBytes: number;
  /** Tokens of the longest prompt; null where no call's are known. */
  readonly longestPrompt: number | null;
  /** How often a provider's cache broke, and how many tokens were read anew then. */
  readonly cacheBreaks: number;
  readonly tokensReadAnew: number;
}

/** @returns null where none of the turns' requests was recorded */
export function wireFigures(traces: readonly LoopTrace[]): WireFigures | null {
  const loops = traces.map(({ loop }) => loop);
  const steps = loops.flatMap(loopsIn).flatMap((loop) => loop.steps);
  const calls = loops.flatMap(callsIn);
  const others = loops.flatMap(otherCallsIn).filter(({ wire }) => wire);
  const retries = steps.flatMap((step) => step.retries);
  const recorded = (some: readonly { readonly wire?: WireFacts }[]): readonly WireFacts[] =>
    some.flatMap(({ wire }) => wire ?? []);
  const all = [...recorded(calls), ...recorded(retries), ...recorded(others)];
  if (all.length === 0) return null;
  const prompts = calls.flatMap((call) => {
    const usage = sureUsageOf("prompt", call);
    return usage ? [promptTokens(usage)] : [];
  });
  const breaks = steps.flatMap(({ events }) => events.filter(({ name }) => name === "cache-break"));
  const { usage, cost } = spentOnOthers(others);
  return {
    requests: all.length,
    retries: recorded(retries).length,
    otherCalls: others.length,
    otherTokens: totalTokens(usage),
    otherCost: cost,
    requestBytes: all.reduce((sum, { requestBytes }) => sum + requestBytes, 0),
    longestPrompt: prompts.length === 0 ? null : Math.max(...prompts),
    cacheBreaks: breaks.length,
    tokensReadAnew: breaks.reduce((sum, { attributes }) => sum + Number(attributes.tokensReadAnew), 0),
  };
}

/** Those of several runs of one task. */
export function addWireFigures(a: WireFigures | null, b: WireFigures | null): WireFigures | null {
  if (!a || !b) return a ?? b;
  const most = Math.max(a.longestPrompt ?? 0, b.longestPrompt ?? 0);
  return {
    requests: a.requests + b.requests,
    retries: a.retries + b.retries,
    otherCalls: a.otherCalls + b.otherCalls,
    otherTokens: a.otherTokens + b.otherTokens,
    otherCost: a.otherCost === null && b.otherCost === null ? null : (a.otherCost ?? 0) + (b.otherCost ?? 0),
    requestBytes: a.requestBytes + b.requestBytes,
    longestPrompt: a.longestPrompt === null && b.longestPrompt === null ? null : most,
    cacheBreaks: a.cacheBreaks + b.cacheBreaks,
    tokensReadAnew: a.tokensReadAnew + b.tokensReadAnew,
  };
}
