/** What a call used: what opencode recorded of it, held against what can be true. */
import type { ModelCall, RecordedTokens } from "../opencode/model.js";
import type { CallOutput, Usage, UsageDoubt } from "./model.js";
import { promptTokens, totalTokens } from "./usage.js";

export interface CallSpending {
  readonly usage: Usage | null;
  readonly usageDoubt: UsageDoubt | null;
  /** USD; null: opencode knows no price, or what stands there is no price of a call. */
  readonly cost: number | null;
}

/** opencode's buckets are disjoint; they are taken over as they are. */
export function callSpending({ recorded, answered, output }: ModelCall): CallSpending {
  const { usage } = recorded;
  const usd = recorded.cost > 0 ? recorded.cost : null;
  const usageDoubt = answered || totalTokens(usage) > 0 ? doubtOf(recorded, output, usd) : null;
  const isWhole = totalTokens(usage) > 0 && (usageDoubt === null || usageDoubt.kind === "contradiction");
  return { usage: isWhole ? usage : null, usageDoubt, cost: usd };
}

function doubtOf(
  { usage: recorded, total, untrue, elsewhere }: RecordedTokens,
  output: CallOutput,
  usd: number | null,
): UsageDoubt | null {
  const sum = totalTokens(recorded);
  const claims = total !== null && total !== sum ? ` Its own total says ${count(total)}.` : "";
  const priced = usd !== null && sum === 0 ? ` The cost that it recorded, $${usd}, stands on none.` : "";
  if (sum === 0 && !untrue.prompt && !untrue.output) {
    const reason = `opencode recorded no tokens, although the call was answered.${claims}${priced}`;
    return { kind: "unknown", reason, unsure: ["prompt", "output"], recorded, total };
  }
  const prompt = untrue.prompt
    ? "The prompt that opencode recorded is no number of tokens."
    : promptTokens(recorded) === 0
      ? "opencode recorded a prompt of 0 tokens, which no request has."
      : null;
  const noOutput = recorded.output === 0 && (recorded.reasoning === 0 || claims === "");
  const answer = untrue.output
    ? "The output that opencode recorded is no number of tokens."
    : noOutput && wroteSomething(output)
      ? "opencode recorded an output of 0 tokens, although the call wrote an answer."
      : null;
  if (prompt !== null || answer !== null) {
    const unsure = [
      ...(prompt === null ? [] : (["prompt"] as const)),
      ...(answer === null ? [] : (["output"] as const)),
    ];
    const reason = [prompt, answer].filter((text) => text !== null).join(" ") + claims + priced;
    return { kind: unsure.length === 2 ? "unknown" : "partial", reason, unsure, recorded, total };
  }
  if (claims === "" && elsewhere === null) return null;
  const other =
    claims === ""
      ? `Its step-finish says ${count(sum)} tokens, its message ${count(elsewhere ?? 0)}.`
      : `Its parts make ${count(sum)} tokens, opencode's own total says ${count(total ?? 0)}${likeness(recorded, sum, total ?? 0)}.`;
  return { kind: "contradiction", reason: other, unsure: sidesOf(recorded, claims !== ""), recorded, total };
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
  return toolCalls.length > 0 || (text ?? "").trim() !== "";
}

/**
 * With a comma between thousands; by hand, since a session may have a doubt about each of its calls. A total may be any
 * number: it is the provider's own.
 */
function count(tokens: number): string {
  const digits = String(Math.round(tokens));
  if (tokens >= 0 && digits.length <= 3) return digits;
  if (!/^\d+$/.test(digits))
    return tokens < 0 && Number.isSafeInteger(Math.round(tokens)) ? `-${count(-tokens)}` : digits;
  let text = digits.slice(-3);
  for (let end = digits.length - 3; end > 0; end -= 3) text = `${digits.slice(Math.max(0, end - 3), end)},${text}`;
  return text;
}
