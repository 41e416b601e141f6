import { z } from "zod";
import { type ErrorFacts, errorFactsSchema } from "../../errors/error-facts.js";
import type { Fields } from "../../text/json-fields.js";
import type { ContextCause, Cumulative, TimeAccount, Usage, UsageDoubt } from "../../trace/model.js";
import { timeAccountSchema } from "../../trace/time-account-schema.js";
import { NO_USAGE } from "../../trace/usage.js";
import type { Observation } from "../api/observation.js";
import { numberOf, objectOf, textOf } from "./stored-values.js";

/** Tokens under the names that looptrace sends; what is missing is none. */
export function usageOf({ usageDetails }: Observation): Usage {
  const tokens = (name: string): number => usageDetails[name] ?? 0;
  return {
    input: tokens("input"),
    output: tokens("output"),
    reasoning: tokens("output_reasoning_tokens"),
    cacheRead: tokens("input_cached_tokens"),
    cacheWrite: tokens("input_cache_creation"),
  };
}

/**
 * Tokens under whichever names other tracers send them; null where they send none. What is not known to be cached or
 * thought is input or output.
 */
export function foreignUsage({ usageDetails }: Observation): Usage | null {
  const names = Object.keys(usageDetails).filter((name) => name !== "total");
  if (names.length === 0) return null;
  const sums = { ...NO_USAGE };
  for (const name of names) sums[bucketOf(name)] += usageDetails[name] ?? 0;
  return Object.values(sums).some((tokens) => tokens > 0) ? sums : null;
}

function bucketOf(name: string): keyof Usage {
  if (/cache/i.test(name)) return /creation|write/i.test(name) ? "cacheWrite" : "cacheRead";
  if (/reason|thought|thinking/i.test(name)) return "reasoning";
  return /output|completion/i.test(name) ? "output" : "input";
}

/**
 * USD that opencode knew: looptrace sends it as the total alone. What stands there by kinds of tokens Langfuse has
 * reckoned from its own prices.
 */
export function sentCost({ costDetails }: Observation): number | null {
  const [name, ...others] = Object.keys(costDetails);
  return name === "total" && others.length === 0 ? (costDetails.total ?? null) : null;
}

/** USD, from the sender or by the prices of Langfuse; null where neither tells. A zero is no price. */
export function foreignCost({ totalCost, costDetails }: Observation): number | null {
  const usd = costDetails.total ?? totalCost;
  return usd !== null && usd > 0 ? usd : null;
}

const usage = z.object({
  input: z.number(),
  output: z.number(),
  reasoning: z.number(),
  cacheRead: z.number(),
  cacheWrite: z.number(),
});

/** Tokens that stand in metadata as looptrace has them; null where there are none. */
export function storedUsage(value: unknown): Usage | null {
  return usage.safeParse(value).data ?? null;
}

const doubt = z.object({
  reason: z.coerce.string(),
  unsure: z.array(z.enum(["prompt", "output"])),
  recorded: usage,
  total: z.number().nullable().default(null),
});
const doubtKind = z.enum(["unknown", "partial", "contradiction"]);

/** Why the tokens are in doubt; null where they are not. */
export function doubtOf({ usage: kind, usageDoubt }: Fields): UsageDoubt | null {
  const [named, told] = [doubtKind.safeParse(kind), doubt.safeParse(usageDoubt)];
  return named.success && told.success ? { kind: named.data, ...told.data } : null;
}

/** The sums up to a call. */
export function cumulativeOf({ contextTokens, contextGrowth, cumulative, cacheHitRatio }: Fields): Cumulative {
  const sums = objectOf(cumulative);
  return {
    contextTokens: numberOf(contextTokens) ?? 0,
    contextGrowth: numberOf(contextGrowth),
    usage: storedUsage(sums) ?? NO_USAGE,
    cost: numberOf(sums.cost),
    cacheHitRatio: numberOf(cacheHitRatio),
  };
}

const causes = z.array(
  z.object({
    kind: z.enum(["prefix", "text", "tool-result", "output", "dropped", "compacted", "other"]),
    name: z.string().nullable().default(null),
    callId: z.string().nullable().default(null),
    characters: z.number().nullable().default(null),
    tokens: z.number(),
  }),
);

/** What made the context grow; empty where that was not sent. */
export function causesOf({ contextCauses }: Fields): readonly ContextCause[] {
  return causes.safeParse(contextCauses).data ?? [];
}

/** Where the time went, as it was sent; null where it was not. */
export function accountOf({ timeAccountMs }: Fields): TimeAccount | null {
  return timeAccountSchema.safeParse(timeAccountMs).data ?? null;
}

/** An error as it was sent; one that is of no known class any more keeps its words. */
export function errorOf(value: unknown): ErrorFacts | null {
  const fields = objectOf(value);
  const known = errorFactsSchema.safeParse(fields);
  if (known.success) return known.data;
  const message = textOf(fields.message);
  if (message === null) return null;
  return { code: "unknown", message, retryable: fields.retryable === true, evidence: "export" };
}
