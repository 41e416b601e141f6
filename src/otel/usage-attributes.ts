/** What spans say of a call's tokens. */
import type { Attributes } from "@opentelemetry/api";
import {
  ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
} from "@opentelemetry/semantic-conventions/incubating";
import type { Usage, UsageDoubt } from "../trace/model.js";
import { type CallTokens, promptTokens, totalTokens, usageOfHalf } from "../trace/usage.js";

/**
 * The names matter: Langfuse counts a key as input when it contains `input`, as output when it contains `output`, and
 * prices by key. Without any usage it would tokenise the texts and invent some, so an unknown usage is sent as zeros.
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

/** OTel's counts are inclusive: input contains the cached tokens, output the reasoning. */
export function genAiUsage(call: CallTokens): Attributes {
  const [read, written] = [usageOfHalf("prompt", call), usageOfHalf("output", call)];
  return {
    ...(read && { [ATTR_GEN_AI_USAGE_INPUT_TOKENS]: promptTokens(read) }),
    ...(written && {
      [ATTR_GEN_AI_USAGE_OUTPUT_TOKENS]: written.output + written.reasoning,
      [ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS]: written.reasoning,
    }),
    ...(read && {
      [ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS]: read.cacheRead,
      [ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS]: read.cacheWrite,
    }),
  };
}

/** What was recorded, and why that is not the truth; the sentence first. */
export function doubtOf(doubt: UsageDoubt | null): object | undefined {
  if (!doubt) return undefined;
  const { reason, unsure, recorded, total } = doubt;
  return { reason, unsure, recorded, total };
}
