/** What a trace counts: tokens, USD, how often, and where the time went. */
import type { Usage } from "../opencode/model.js";

/**
 * Why the tokens that opencode recorded of a call are not, or not all, what it used. `unknown`: none of them can be
 * true; `partial`: the prompt or the output cannot; `contradiction`: the parts do not make the total that stands beside
 * them, and both are told as they are, the parts as the call's `usage`.
 */
export interface UsageDoubt {
  /** Nothing is known, a part of it, or two records contradict each other. */
  readonly kind: "unknown" | "partial" | "contradiction";
  /** One sentence for people. */
  readonly reason: string;
  /** Which half is not known, or is what the contradiction may be about. */
  readonly unsure: readonly ("prompt" | "output")[];
  /** What opencode recorded, as far as it is tokens; sums hold it, so that they say too little rather than nothing. */
  readonly recorded: Usage;
  /** opencode's own total where it recorded one. */
  readonly total: number | null;
}

/** Sums over calls and tools: tokens, USD, counts. */
export interface Totals {
  /** Iterations of the loop. */
  readonly steps: number;
  /** Requests to the model that were answered. */
  readonly calls: number;
  /** Requests that failed before one was answered. */
  readonly retries: number;
  /** Tool calls. */
  readonly tools: number;
  /** Tool calls that failed. */
  readonly toolFailures: number;
  /** Tokens of all calls. */
  readonly usage: Usage;
  /** USD; null when opencode priced no call. */
  readonly cost: number | null;
  /** Subagents' sessions that the input lacks: what they did, used and cost is in none of these sums. */
  readonly missingSubagents: number;
  /** Answered calls whose tokens are in doubt (`usageDoubt`): the sums hold of them only what was recorded. */
  readonly doubtfulCalls: number;
}

/** What a loop has come to with a call, the call included. */
export interface Cumulative {
  /**
   * Tokens that the model saw and wrote in this call: what the context holds after it. Of a call whose prompt is not
   * known those after the call before; an answer of unknown size is not in it.
   */
  readonly contextTokens: number;
  /** Against the previous call with a known prompt; null on the first one. */
  readonly contextGrowth: number | null;
  /** Tokens of the loop so far, this call included. */
  readonly usage: Usage;
  /** USD so far; null where opencode knows no price. */
  readonly cost: number | null;
  /** Share of this call's prompt that came from the provider's cache, 0 to 1; null without a prompt. */
  readonly cacheHitRatio: number | null;
}

/** One cause of a context's growth. */
export interface ContextCause {
  /**
   * `prefix`: system prompt and tools' schemas, and for a later turn all before it. `text`: the prompt, or what
   * opencode wrote in between. `tool-result`: what a tool told. `output`: what the model itself wrote, thinking
   * included. `dropped`: what was not sent any more, such as the thinking of earlier calls. `compacted`: what a summary
   * replaced. `other`: what was added and is nowhere in the export.
   */
  readonly kind: "prefix" | "text" | "tool-result" | "output" | "dropped" | "compacted" | "other";
  /** The tool's name, or the kind of an attachment; of an earlier answer that was not counted then, its call's. */
  readonly name: string | null;
  /** The tool call's id. */
  readonly callId: string | null;
  /** How long the text is, in UTF-16 code units, where shares were made by it. */
  readonly characters: number | null;
  /** Negative for what went away. */
  readonly tokens: number;
}

/**
 * Where the time went. `model + tools + waiting + retries + other = duration`, exactly: where tools run while the model
 * still writes, the time counts for the model; `toolsSummed` adds up every tool's own time at work, overlaps included.
 * A subagent that works on after its tool, or that no tool started, is at work as tools are.
 */
export interface TimeAccount {
  /** ms from the start to the end. */
  readonly duration: number;
  /** ms in which the model was asked or answered. */
  readonly model: number;
  /** The part of `model` before the first token. */
  readonly firstToken: number;
  /** Subagents included; without the time for which a tool waited for permission. */
  readonly tools: number;
  /** For a permission, as far as nothing else was at work then; 0 where opencode's events were not followed. */
  readonly waiting: number;
  /** ms of failed requests and the waits after them. */
  readonly retries: number;
  /** ms that are none of the others: opencode itself. */
  readonly other: number;
  /** ms of all tools, added up: what ran side by side counts twice. */
  readonly toolsSummed: number;
}
