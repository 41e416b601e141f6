/** Small values that a session is made of, and a trace too. */

/** `exact`: from a moment that opencode recorded; `bounded`: the best bound that the evidence gives. */
export type Timing = "exact" | "bounded";

/** A moment, ms since the epoch, with how well it is known. */
export interface Moment {
  readonly at: number;
  readonly timing: Timing;
}

/** A stretch of time, ms since the epoch. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/**
 * `completed`: it ended as it should. `failed`: it ended in an error. `unfinished`: the evidence stops before its end
 * (the process was killed, or is still at work); its end is then the last known moment.
 */
export type Outcome = "completed" | "failed" | "unfinished";

/** The model that a call asked. */
export interface ModelFacts {
  /** Such as `anthropic`. */
  readonly providerId: string;
  /** Such as `claude-sonnet-4-6`. */
  readonly modelId: string;
  /** The model's variant; null without one. */
  readonly variant: string | null;
}

/** Tokens in opencode's disjoint buckets; the sum of all five is what the call used. */
export interface Usage {
  /** Tokens of the prompt that were neither read from the cache nor written to it. */
  readonly input: number;
  /** Tokens of the answer, without reasoning. */
  readonly output: number;
  /** Tokens of the reasoning. */
  readonly reasoning: number;
  /** Tokens of the prompt that were read from the provider's cache. */
  readonly cacheRead: number;
  /** Tokens of the prompt that were written to it. */
  readonly cacheWrite: number;
}

/** A file, without its content. */
export interface FileFacts {
  /** Its media type. */
  readonly mime: string;
  /** Its name; null where it has none. */
  readonly filename: string | null;
  /** Where it is, or a `data:` URL. */
  readonly url: string;
}

/** Files that a step changed, as opencode's snapshots saw it. */
export interface Patch {
  /** opencode's snapshot before it. */
  readonly hash: string;
  /** The files that changed. */
  readonly files: readonly string[];
}

/** What the model answered in a call. */
export interface CallOutput {
  /** Its reasoning; null where none was told. */
  readonly thinking: string | null;
  /** Its text; null where it wrote none. */
  readonly text: string | null;
  /** What it called, in order. */
  readonly toolCalls: readonly ToolCall[];
}

/** What the model asked of a tool. */
export interface ToolCall {
  /** The provider's id of the call. */
  readonly id: string;
  /** The tool's name. */
  readonly name: string;
  /** The arguments, as the model gave them. */
  readonly arguments: unknown;
}

/** A part of a message's content. */
export type ContentPart =
  /** `synthetic`: opencode wrote it. */
  | { readonly type: "text"; readonly text: string; readonly synthetic?: true }
  | ({ readonly type: "file" } & FileFacts)
  | { readonly type: "compaction"; readonly auto: boolean; readonly overflow: boolean }
  | {
      readonly type: "subtask";
      readonly agent: string;
      readonly prompt: string;
      readonly description: string | null;
      readonly command: string | null;
    };
