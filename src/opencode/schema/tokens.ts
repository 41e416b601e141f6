/** Tokens and cost as both generations write them, read by hand: what has no need of a schema loads none. */
import { fieldsOf, isFields } from "../../text/json-fields.js";

/** opencode's token buckets of one call; they are disjoint, `total` is the provider's own sum. */
export interface Tokens {
  readonly total: number | undefined;
  readonly input: number;
  readonly output: number;
  readonly reasoning: number;
  readonly cache: { readonly read: number; readonly write: number };
  /** Which half holds a figure that is no number of tokens, or lacks one that opencode always writes. */
  readonly untrue: { readonly prompt: boolean; readonly output: boolean };
}

/** Read by hand, because there is one a call and a schema of six numbers takes longer than all else of the message. */
export function tokensOf(value: unknown): Tokens {
  const { total, input, output, reasoning, cache } = fieldsOf(value);
  const { read, write } = fieldsOf(cache);
  const isPromptUntrue = !isTokenCount(input) || !isAbsentOrCount(read) || !isAbsentOrCount(write);
  const isOutputUntrue = !isTokenCount(output) || !isAbsentOrCount(reasoning);
  return {
    total: typeof total === "number" ? total : undefined,
    input: tokenCount(input),
    output: tokenCount(output),
    reasoning: tokenCount(reasoning),
    cache: { read: tokenCount(read), write: tokenCount(write) },
    untrue:
      isFields(value) && (isPromptUntrue || isOutputUntrue)
        ? { prompt: isPromptUntrue, output: isOutputUntrue }
        : NOTHING_UNTRUE,
  };
}

/** All buckets together. */
export function sumOfTokens({ input, output, reasoning, cache }: Tokens): number {
  return input + output + reasoning + cache.read + cache.write;
}

/** Where nothing was recorded at all there is nothing to doubt; where all is well, one object will do for all. */
const NOTHING_UNTRUE = { prompt: false, output: false };

function isAbsentOrCount(value: unknown): boolean {
  return value === undefined || isTokenCount(value);
}

function isTokenCount(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MOST_TOKENS;
}

/**
 * A number of tokens; of what is none 0, or the nearest whole number: providers have sent negative ones, and NaN
 * becomes null in JSON. Langfuse drops an observation with a negative one.
 */
function tokenCount(value: unknown): number {
  if (typeof value !== "number" || !(value > 0) || value > MOST_TOKENS) return 0;
  return Math.round(value);
}

/** USD; what no call costs is no price. */
export function usdOf(value: unknown): number {
  return typeof value === "number" && value > 0 && value <= MOST_USD ? value : 0;
}

/** No model's context holds a hundredth of the tokens, and the sums of thousands of calls stay exact. */
const MOST_TOKENS = 1e9;
const MOST_USD = 1e6;
