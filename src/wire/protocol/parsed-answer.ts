import type { Protocol } from "./parsed-request.js";

/** What a provider answered, as far as it came. */
export interface ParsedAnswer {
  readonly protocol: Protocol;
  /** The provider's id of the answer. */
  readonly responseId: string | null;
  /** The model that the provider says it was. */
  readonly model: string | null;
  readonly text: string;
  readonly thinking: string;
  /** In their order. */
  readonly toolCalls: readonly AnsweredCall[];
  /** The provider's own word for why it ended, such as `end_turn`; null: it did not say so. */
  readonly finish: string | null;
  /** null: it told of no tokens. */
  readonly usage: WireUsage | null;
  /** What it told of them, as it is; null: nothing. */
  readonly rawUsage: Readonly<Record<string, unknown>> | null;
  /** When the first thinking, text or tool arguments came, ms since the epoch; null: none came. */
  readonly firstContentAt: number | null;
  /** What it said of its failure, by status or in its stream; null: it said nothing of that kind. */
  readonly error: AnswerError | null;
}

/** A tool that the model called. */
export interface AnsweredCall {
  readonly id: string | null;
  readonly name: string;
  /** JSON as it was streamed, maybe broken off. */
  readonly arguments: string;
}

/** Tokens in opencode's disjoint buckets. */
export interface WireUsage {
  /** Of the prompt, neither read from the cache nor written to it. */
  readonly input: number;
  /** Of the answer, without reasoning. */
  readonly output: number;
  readonly reasoning: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** A provider's words for a failure. */
export interface AnswerError {
  /** Of HTTP; 200 where it stands in a stream. */
  readonly status: number;
  readonly type: string | null;
  readonly code: string | null;
  readonly message: string | null;
  /** The body, no longer than 8,192 units. */
  readonly body: string;
}
