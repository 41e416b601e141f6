import type { RecordedTokens } from "../model/session.js";
import type { Usage } from "../model/values.js";
import type { AssistantMessage } from "../schema/session-export.js";
import { sumOfTokens, type Tokens } from "../schema/tokens.js";

/**
 * What the step-finishes say (opencode writes one): nothing that was paid for gets lost. Where they say nothing the
 * message itself may.
 */
export function recordedTokens({ info, parts }: AssistantMessage): RecordedTokens {
  const finishes = parts.filter((part) => part.type === "step-finish");
  const [first, ...more] = finishes;
  const ofMessage = sumOfTokens(info.tokens);
  const spent = finishes.reduce((sum, finish) => sum + finish.cost, 0);
  const cost = spent > 0 ? spent : info.cost;
  if (!first) return recordedIn(info.tokens, cost, null);
  const tokens = more.reduce((sum, finish) => addTokens(sum, finish.tokens), first.tokens);
  const own = sumOfTokens(tokens);
  if (own === 0 && ofMessage > 0) return recordedIn(info.tokens, cost, null);
  const differs = more.length === 0 && ofMessage > 0 && ofMessage !== own;
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
