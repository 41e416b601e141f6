import type { RecordedTokens } from "../model/session.js";
import type { Usage } from "../model/values.js";
import type { AssistantMessage } from "../schema/session-export.js";
import { sumOfTokens, type Tokens } from "../schema/tokens.js";

/**
 * What the step-finishes say (opencode writes one): nothing that was paid for gets lost. Where they say nothing the
 * message itself may.
 */
export function recordedTokens({ info, parts }: AssistantMessage): RecordedTokens {
  let tokens: Tokens | undefined;
  let finishes = 0;
  let spent = 0;
  for (const part of parts) {
    if (part.type !== "step-finish") continue;
    finishes += 1;
    spent += part.cost;
    tokens = tokens ? addTokens(tokens, part.tokens) : part.tokens;
  }
  const ofMessage = sumOfTokens(info.tokens);
  const cost = spent > 0 ? spent : info.cost;
  if (!tokens) return recordedIn(info.tokens, cost, null);
  const own = sumOfTokens(tokens);
  if (own === 0 && ofMessage > 0) return recordedIn(info.tokens, cost, null);
  const differs = finishes === 1 && ofMessage > 0 && ofMessage !== own;
  return recordedIn(tokens, cost, differs ? ofMessage : null);
}

function recordedIn(tokens: Tokens, cost: number, elsewhere: number | null): RecordedTokens {
  return { usage: usageOf(tokens), total: tokens.total ?? null, untrue: tokens.untrue, elsewhere, cost };
}

function usageOf({ input, output, reasoning, cache }: Tokens): Usage {
  return { input, output, reasoning, cacheRead: cache.read, cacheWrite: cache.write };
}

function addTokens(a: Tokens, b: Tokens): Tokens {
  return {
    total: a.total === undefined || b.total === undefined ? undefined : a.total + b.total,
    input: a.input + b.input,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
    cache: { read: a.cache.read + b.cache.read, write: a.cache.write + b.cache.write },
    untrue: {
      prompt: a.untrue.prompt || b.untrue.prompt,
      output: a.untrue.output || b.untrue.output,
    },
  };
}
