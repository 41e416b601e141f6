import type { Attributes } from "@opentelemetry/api";
import {
  ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
} from "@opentelemetry/semantic-conventions/incubating";
import { type CallTokens, promptTokens, usageOfHalf } from "../../trace/usage.js";

/** A call's tokens by OTel's names. Its counts are inclusive: input contains the cached tokens, output the reasoning. */
export function genAiUsage(call: CallTokens): Attributes {
  const attributes: Attributes = {};
  addGenAiUsage(call, attributes);
  return attributes;
}

/** The same, behind what is there. */
export function addGenAiUsage(call: CallTokens, to: Attributes): void {
  const [read, written] = [usageOfHalf("prompt", call), usageOfHalf("output", call)];
  if (read) to[ATTR_GEN_AI_USAGE_INPUT_TOKENS] = promptTokens(read);
  if (written) {
    to[ATTR_GEN_AI_USAGE_OUTPUT_TOKENS] = written.output + written.reasoning;
    to[ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS] = written.reasoning;
  }
  if (read) {
    to[ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS] = read.cacheRead;
    to[ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS] = read.cacheWrite;
  }
}
