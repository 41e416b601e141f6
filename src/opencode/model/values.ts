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
  readonly providerId: string;
  readonly modelId: string;
  readonly variant: string | null;
}

/** Tokens in opencode's disjoint buckets; the sum of all five is what the call used. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly reasoning: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** A file, without its content. */
export interface FileFacts {
  readonly mime: string;
  readonly filename: string | null;
  readonly url: string;
}

/** Files that a step changed, as opencode's snapshots saw it. */
export interface Patch {
  readonly hash: string;
  readonly files: readonly string[];
}

/** What the model answered in a call. */
export interface CallOutput {
  readonly thinking: string | null;
  readonly text: string | null;
  readonly toolCalls: readonly ToolCall[];
}

/** What the model asked of a tool. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
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
