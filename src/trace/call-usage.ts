/** What a call used: what opencode recorded of it, held against what can be true. */
import type { AssistantMessage, Tokens } from "../opencode/session.js";
import type { CallOutput, Usage, UsageDoubt } from "./model.js";
import { promptTokens, totalTokens } from "./usage.js";

export interface CallSpending {
  readonly usage: Usage | null;
  readonly usageDoubt: UsageDoubt | null;
  /** USD; null: opencode knows no price, or what stands there is no price of a call. */
  readonly cost: number | null;
}

/**
 * opencode's buckets are disjoint; they are taken over as they are.
 *
 * @param answered whether the call came to its end: only then is it strange that nothing was recorded
 * @param output what it wrote
 */
export function callSpending(message: AssistantMessage, answered: boolean, output: CallOutput): CallSpending {
  const { tokens, cost, elsewhere } = recordedIn(message);
  const recorded = usageOf(tokens);
  const usd = cost > 0 ? cost : null;
  const usageDoubt = answered || totalTokens(recorded) > 0 ? doubtOf(tokens, output, usd, elsewhere) : null;
  const isWhole = totalTokens(recorded) > 0 && (usageDoubt === null || usageDoubt.kind === "contradiction");
  return { usage: isWhole ? recorded : null, usageDoubt, cost: usd };
}

interface Recorded {
  readonly tokens: Tokens;
  /** USD; 0: none. */
  readonly cost: number;
  /** How many tokens the message tells of, where its step-finish tells of others. */
  readonly elsewhere: number | null;
}

/**
 * What the step-finishes say (opencode writes one): nothing that was paid for gets lost. Where they say nothing the
 * message itself may.
 */
function recordedIn({ info, parts }: AssistantMessage): Recorded {
  const finishes = parts.filter((part) => part.type === "step-finish");
  const [first, ...more] = finishes;
  const ofMessage = totalTokens(usageOf(info.tokens));
  const spent = finishes.reduce((sum, finish) => sum + finish.cost, 0);
  const cost = spent > 0 ? spent : info.cost;
  if (!first) return { tokens: info.tokens, cost, elsewhere: null };
  const tokens = more.reduce((sum, finish) => addTokens(sum, finish.tokens), first.tokens);
  const own = totalTokens(usageOf(tokens));
  if (own === 0 && ofMessage > 0) return { tokens: info.tokens, cost, elsewhere: null };
  const differs = more.length === 0 && ofMessage > 0 && ofMessage !== own;
  return { tokens, cost, elsewhere: differs ? ofMessage : null };
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

function usageOf({ input, output, reasoning, cache }: Tokens): Usage {
  return { input, output, reasoning, cacheRead: cache.read, cacheWrite: cache.write };
}

function doubtOf(tokens: Tokens, output: CallOutput, usd: number | null, elsewhere: number | null): UsageDoubt | null {
  const { untrue } = tokens;
  const recorded = usageOf(tokens);
  const sum = totalTokens(recorded);
  const total = tokens.total ?? null;
  const claims = total !== null && total !== sum ? ` Its own total says ${count(total)}.` : "";
  const priced = usd !== null && sum === 0 ? ` The cost that it recorded, $${usd}, stands on none.` : "";
  const told = { recorded, total };
  if (sum === 0 && !untrue.prompt && !untrue.output) {
    const reason = `opencode recorded no tokens, although the call was answered.${claims}${priced}`;
    return { kind: "unknown", reason, unsure: ["prompt", "output"], ...told };
  }
  const said = wroteSomething(output);
  const prompt = untrue.prompt
    ? "The prompt that opencode recorded is no number of tokens."
    : promptTokens(recorded) === 0
      ? "opencode recorded a prompt of 0 tokens, which no request has."
      : null;
  const noOutput = recorded.output === 0 && (recorded.reasoning === 0 || claims === "");
  const answer = untrue.output
    ? "The output that opencode recorded is no number of tokens."
    : said && noOutput
      ? "opencode recorded an output of 0 tokens, although the call wrote an answer."
      : null;
  const unsure = [...(prompt === null ? [] : (["prompt"] as const)), ...(answer === null ? [] : (["output"] as const))];
  if (unsure.length > 0) {
    const reason = [prompt, answer].filter((text) => text !== null).join(" ") + claims + priced;
    return { kind: unsure.length === 2 ? "unknown" : "partial", reason, unsure, ...told };
  }
  if (claims === "" && elsewhere === null) return null;
  const other =
    claims === ""
      ? `Its step-finish says ${count(sum)} tokens, its message ${count(elsewhere ?? 0)}.`
      : `Its parts make ${count(sum)} tokens, opencode's own total says ${count(total ?? 0)}${likeness(recorded, sum, total ?? 0)}.`;
  return { kind: "contradiction", reason: other, unsure: sidesOf(recorded, claims !== ""), ...told };
}

/** What the total looks like, where it looks like something. */
function likeness({ reasoning, cacheRead, cacheWrite }: Usage, sum: number, total: number): string {
  const cached = cacheRead + cacheWrite;
  if (cached > 0 && total === sum - cached) return ", which leaves out the cache";
  if (reasoning > 0 && total === sum - reasoning) return ", which leaves out the reasoning";
  return "";
}

/**
 * Which half a contradiction is about. opencode takes the reasoning out of the output and the cache out of the prompt,
 * and where a provider counts them outside of it, nothing is left.
 */
function sidesOf({ input, output, reasoning, cacheRead, cacheWrite }: Usage, byTotal: boolean): UsageDoubt["unsure"] {
  const ofOutput = output === 0 && reasoning > 0;
  const ofPrompt = input === 0 && cacheRead + cacheWrite > 0;
  if (!byTotal || ofOutput === ofPrompt) return ["prompt", "output"];
  return ofOutput ? ["output"] : ["prompt"];
}

function wroteSomething({ text, toolCalls }: CallOutput): boolean {
  return (text ?? "").trim() !== "" || toolCalls.length > 0;
}

function count(tokens: number): string {
  return String(Math.round(tokens)).replace(/\B(?=(\d{3})+$)/g, ",");
}
