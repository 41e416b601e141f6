import type { ErrorFacts, FactsOf } from "./error-facts.js";

/**
 * One line for a person: the code, what it means, what was said, what to do. Bounded like the message in it.
 *
 * @example
 * ```ts
 * import { adviceFor, OpenCode } from "looptrace";
 *
 * const { error } = await new OpenCode().run("Fix the failing test");
 * // rate_limit: the provider asks to wait until 14:03:20 UTC, or use another model (Rate limit reached)
 * if (error) console.error(adviceFor(error));
 * ```
 */
export function adviceFor(facts: ErrorFacts): string {
  return `${adviceOnly(facts)} (${facts.message})`;
}

/** The same for where what was said stands already: the code, what it means, what to do. */
export function adviceOnly(facts: ErrorFacts): string {
  return `${facts.code}: ${whatToDo(facts)}`;
}

function whatToDo(facts: ErrorFacts): string {
  switch (facts.code) {
    case "rate_limit":
      return facts.retryAtSource === "default"
        ? `the provider asks to slow down; try again after ${utcTime(facts.retryAt)}, or use another model`
        : `the provider asks to wait until ${utcTime(facts.retryAt)}, or use another model`;
    case "authentication_failed":
      return "the provider does not accept the key; run `opencode auth login` or set the provider's key";
    case "billing_error":
      return "no credit left, or a spending limit is reached; top up the account with the provider, or use another provider";
    case "invalid_request":
      return invalidRequest(facts.reason);
    case "start_failed":
      return "opencode could not be started, and no model was asked; put right what it says: its folders, its configuration, or its arguments";
    case "server_error":
      return facts.statusCode === undefined
        ? "the provider failed or cannot be reached; check the network and its URL, then try again"
        : `the provider failed with status ${facts.statusCode}; try again in a while, or use another model`;
    case "max_output_tokens":
      return facts.reason === "output_limit"
        ? "the answer is cut off; ask for it in smaller pieces, or raise the model's output limit in opencode's config"
        : "the conversation is larger than the model's context; start a new session, or use a model with a larger context";
    case "content_filter":
      return "the provider's content filter stopped the answer; rephrase the prompt, or use another model";
    case "invalid_output":
      return facts.reason === "missing"
        ? "the model gave no structured answer; try again, ask for it in the prompt, or use a model that can call tools"
        : "the answer does not fit the schema; try again, make the schema simpler, or say in the prompt what is expected";
    case "permission_rejected":
      return `opencode asked for a permission${facts.tool === undefined ? "" : ` to use ${facts.tool}`} and got no answer; allow it under \`permission\` in opencode's config`;
    case "aborted":
      if (facts.abortedBy === "limit")
        return "the turn was stopped at a limit of yours; raise it, or ask for less at once";
      return facts.abortedBy === "caller"
        ? "the turn was ended on request; what was done until then is in the session"
        : "the turn was ended before its answer; continue the session to go on";
    case "timeout":
      if (facts.limit === "turn" && facts.lastFailure)
        return `the provider kept failing (${facts.lastFailure.code}); try again in a while, allow more time, or use another model`;
      return facts.limit === "turn"
        ? "allow more time, or ask for less at once"
        : "a request to the provider took longer than it may; try again, or raise `timeout` of the provider in opencode's config";
    case "doom_loop":
      return doomLoop(facts);
    case "unknown":
      return facts.stderr === undefined
        ? "the cause is not known; look into opencode's log"
        : "the cause is not known; opencode's stderr may say more";
    default:
      return facts satisfies never;
  }
}

function invalidRequest(reason: FactsOf<"invalid_request">["reason"]): string {
  switch (reason) {
    case "model":
      return "check the model's name (`opencode models` lists them), and that the key of its provider is set (`opencode auth login`)";
    case "start":
      return "it was refused before a model was asked; put right what was asked for";
    case undefined:
      return "the request was refused as it is; check the model's name (`opencode models` lists them) and the options";
    default:
      return reason satisfies never;
  }
}

/** The time of day, `14:03:20 UTC`; facts from elsewhere may hold a number that is no date. */
function utcTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "an unknown time" : `${date.toISOString().slice(11, 19)} UTC`;
}

function doomLoop({ tool, answer }: FactsOf<"doom_loop">): string {
  if (tool !== null) return `${tool} was called again and again to no effect; tell the model what to do instead`;
  return answer === undefined
    ? "the prompt alone is more than the model can take, so that compacting does not help; shorten it, or use a model with a larger context"
    : "the model repeats its answer, and opencode asks it again and again; the provider does not say as it should why an answer ends: try another model or provider";
}
