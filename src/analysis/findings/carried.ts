import type { Call } from "../../trace/model.js";
import type { Prices } from "../../trace/token-prices.js";
import { promptTokens, sureUsageOf } from "../../trace/usage.js";
import type { Conversation, TalkTool } from "./conversation.js";

/** What was paid for something that stood in prompts. */
export interface Paid {
  /** In one prompt. */
  readonly size: number;
  /** Over all calls that it was sent with. */
  readonly tokens: number;
  /** USD; null where nothing tells a price. */
  readonly usd: number | null;
  /** The calls that it was sent with. */
  readonly calls: ReadonlySet<Call>;
}

const NOTHING: Paid = { size: 0, tokens: 0, usd: null, calls: new Set() };

/**
 * What was paid for a tool's result: in the call that was told it first, and from then on in each call of the
 * conversation until it is summed up, or gets shorter. What of it came from the cache is told by its place in the
 * prompt, since a cache holds the beginning.
 */
export function paidForResult({ steps }: Conversation, { tool, at }: TalkTool, prices: Prices): Paid {
  const calls = new Set<Call>();
  let [size, end, before] = [0, 0, 0];
  let usd: number | null = 0;
  for (const { step } of steps.slice(at + 1)) {
    if (step.kind === "compaction") break;
    const { call } = step;
    const usage = call && sureUsageOf("prompt", call);
    if (!call || !usage) continue;
    const prompt = promptTokens(usage);
    if (calls.size === 0) {
      size = resultTokens(call, tool.callId);
      end = prompt;
      if (size <= 0) return NOTHING;
    } else if (prompt < before) break;
    before = prompt;
    calls.add(call);
    const cost = costOf(call, end - size, end, prices);
    usd = usd === null || cost === null ? null : usd + cost;
  }
  return calls.size === 0 ? NOTHING : { size, tokens: size * calls.size, usd, calls };
}

/** @param some several of what was paid for */
export function allPaid(some: readonly Paid[]): Paid {
  const known = some.filter(({ calls }) => calls.size > 0);
  if (known.length === 0) return NOTHING;
  return known.reduce((sum, one) => ({
    size: sum.size + one.size,
    tokens: sum.tokens + one.tokens,
    usd: sum.usd === null || one.usd === null ? null : sum.usd + one.usd,
    calls: new Set([...sum.calls, ...one.calls]),
  }));
}

function resultTokens({ contextCauses }: Call, callId: string): number {
  return contextCauses
    .filter((cause) => cause.kind === "tool-result" && cause.callId === callId)
    .reduce((sum, { tokens }) => sum + tokens, 0);
}

/** What a stretch of a call's prompt cost, USD. */
function costOf(call: Call, from: number, to: number, prices: Prices): number | null {
  const usage = sureUsageOf("prompt", call);
  const price = prices(call.model).perToken;
  if (!usage || !price) return null;
  const cached = overlap(from, to, 0, usage.cacheRead);
  const written = overlap(from, to, usage.cacheRead, usage.cacheRead + usage.cacheWrite);
  return cached * price.cacheRead + written * price.cacheWrite + (to - from - cached - written) * price.input;
}

function overlap(from: number, to: number, start: number, end: number): number {
  return Math.max(0, Math.min(to, end) - Math.max(from, start));
}
