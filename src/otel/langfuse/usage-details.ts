import type { Usage } from "../../trace/model.js";
import { totalTokens } from "../../trace/usage.js";

/**
 * What Langfuse is told of a call's tokens. The names matter: it counts a key as input when it contains `input`, as
 * output when it contains `output`, and prices by key. Without any usage it would tokenise the texts and invent some,
 * so an unknown usage is sent as zeros.
 */
export function usageDetails(usage: Usage, known: boolean): Record<string, number> {
  if (!known) return { input: 0, output: 0, total: 0 };
  return {
    input: usage.input,
    output: usage.output,
    output_reasoning_tokens: usage.reasoning,
    input_cached_tokens: usage.cacheRead,
    input_cache_creation: usage.cacheWrite,
    total: totalTokens(usage),
  };
}
