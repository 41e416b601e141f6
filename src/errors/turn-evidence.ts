import type { ErrorFacts, ErrorObject, RunLimit } from "./error-facts.js";
import type { ToolFacts } from "./tool-failure.js";

/** An error object as it was seen in a turn. */
export interface SeenError {
  readonly error: ErrorObject;
  /** When it occurred, milliseconds since the Unix epoch: waits are counted from here. */
  readonly at: number;
  /**
   * Whether the turn went on and got over it: a later model call of the turn, not counting the summary of a
   * compaction, was answered. A recovered error is history, not the verdict.
   */
  readonly recovered: boolean;
}

/** The last assistant message of a turn. */
export interface LastAssistant {
  /** `info.finish`; absent on errors and on messages that were cut off. */
  readonly finish?: string | undefined;
  /** Whether it has `time.completed`; without it opencode ended in the middle of the message. */
  readonly completed: boolean;
  /** Whether it is the summary of a compaction that the loop made on its way: never an answer. */
  readonly isSummary: boolean;
  /** Its tool parts, in order. */
  readonly tools: readonly ToolFacts[];
}

/** How the opencode process of the turn ended. */
export interface ProcessEnd {
  readonly exitCode?: number | undefined;
  /** The signal that ended it, such as `SIGKILL`. */
  readonly signal?: string | undefined;
  /** Who ended it: the turn's deadline, looptrace's caller, or neither (opencode itself, or another process). */
  readonly by: "deadline" | "caller" | "other";
  /** How long it had run, in milliseconds. */
  readonly afterMs?: number | undefined;
  /** Whether looptrace was killed, and its opencode was ended for that. */
  readonly abandoned?: boolean | undefined;
}

/** Equal calls of a tool, equal answers without one, or requests that stayed too large, that ended the turn. */
export interface DoomLoop {
  /** null where no tool was called. */
  readonly tool: string | null;
  readonly arguments?: unknown;
  /** What the model answered each time, empty: nothing; absent where a tool was called, or no answer came. */
  readonly answer?: { readonly text: string; readonly finish: string } | undefined;
  readonly count: number;
  readonly lastError?: string | undefined;
}

/** All that is known about how a turn ended. */
export interface TurnEvidence {
  readonly sessionId?: string | undefined;
  /** The error objects of the turn's assistant messages, in their order. */
  readonly exportErrors: readonly SeenError[];
  /** The error events of the run stream, in their order; none for a past session. */
  readonly streamErrors: readonly SeenError[];
  /** `null` when the turn has no assistant message at all. */
  readonly lastAssistant: LastAssistant | null;
  /** Only where a doom loop is why the turn was ended; one that the model got out of is no failure. */
  readonly doomLoop?: DoomLoop | undefined;
  /** Only where a limit that the caller had set is why the turn was ended. */
  readonly limit?: RunLimit | undefined;
  /** The verdict on a subagent of the turn that failed; older opencodes do not tell the parent. */
  readonly childError?: ErrorFacts | undefined;
  /** The model that was asked for, `provider/model`. */
  readonly model?: string | undefined;
  /** The tools that had not ended when the turn was cut off, and for how long they had been at work by then, in ms. */
  readonly running?: readonly { readonly tool: string; readonly forMs: number }[] | undefined;
  /** Where opencode compacted because the context was too large, and the next request was too large again. */
  readonly stuckOverflow?: ErrorFacts | undefined;
  /** Why the last request failed that is known to have, when the turn was cut off before an answer. */
  readonly requestError?: ErrorFacts | undefined;
  /** After so many failed requests looptrace ended the turn: opencode would have tried for ever. */
  readonly gaveUpAfter?: number | undefined;
  /** Where a structured answer does not fit the schema that was asked for; opencode itself does not look. */
  readonly schemaProblems?: readonly string[] | undefined;
  /** Absent for a past session, whose process was not watched. */
  readonly process?: ProcessEnd | undefined;
  /** What the model had written as its answer until the turn ended. */
  readonly partialText?: string | undefined;
  readonly stderr?: string | undefined;
}
