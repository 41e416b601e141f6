/**
 * The trace as a value: plain, readonly, JSON-serialisable data.
 *
 * All times are milliseconds since the Unix epoch, all durations milliseconds, all costs USD, all usage tokens.
 */
import type { ErrorFacts } from "../errors/error-facts.js";
import type { ToolFailure } from "../errors/tool-failure.js";
import type {
  CallOutput,
  ContentPart,
  FileFacts,
  ModelFacts,
  Outcome,
  Patch,
  PhaseEvidence,
  PhaseKind,
  Timing,
  ToolCall,
  Usage,
} from "../opencode/model.js";
import type { SegmentOwner } from "../wire/segment.js";
import type { ContextCause, Cumulative, TimeAccount, Totals, UsageDoubt } from "./figures.js";
import type { OwnPhase, OwnTime } from "./own-phase.js";
import type { RequestFacts, SegmentFacts, SentMessage, SentPart, WireFacts, WireTables } from "./wire-facts.js";

export type {
  CallOutput,
  ContentPart,
  ContextCause,
  Cumulative,
  FileFacts,
  ModelFacts,
  Outcome,
  OwnPhase,
  OwnTime,
  Patch,
  PhaseEvidence,
  PhaseKind,
  RequestFacts,
  SegmentFacts,
  SegmentOwner,
  SentMessage,
  SentPart,
  TimeAccount,
  Timing,
  ToolCall,
  Totals,
  Usage,
  UsageDoubt,
  WireFacts,
  WireTables,
};

/** One turn of a session: one run of opencode's loop, from a real user message to the final response. */
export interface LoopTrace {
  /** 32 hex digits, derived from the session's and the user message's id. */
  readonly traceId: string;
  /** The session that the turn is in. */
  readonly session: SessionFacts;
  /** The turn's loop, with all that is in it. */
  readonly loop: Loop;
  /** What the wire's facts of its calls refer to; absent where opencode's requests were not recorded. */
  readonly wire?: WireTables;
}

/** The session that a turn belongs to. */
export interface SessionFacts {
  /** The session's id. */
  readonly id: string;
  /** Its title. */
  readonly title: string;
  /** Where opencode worked. */
  readonly directory: string;
  /** The opencode that made it. */
  readonly opencodeVersion: string;
  /** opencode's id of the project. */
  readonly projectId: string | null;
  /** The session that started this one; null for a root. */
  readonly parentId: string | null;
  /** Position of this turn among the session's turns, from 0. */
  readonly turn: number;
  /** How many turns the session has. */
  readonly turns: number;
  /** What the export held that this version of looptrace does not read: part types and roles with counts. */
  readonly unread: Readonly<Record<string, number>>;
}

/** A stretch of time with how well its two ends are known. */
export interface Span {
  /** 16 hex digits, derived from opencode's ids; the same session gives the same ids again. */
  readonly spanId: string;
  /** ms since the epoch. */
  readonly start: number;
  /** ms since the epoch. */
  readonly end: number;
  /** How well the times are known. */
  readonly timing: Timing;
}

/** `opencode.loop`: the turn, or a subagent's run inside a `task` tool. */
export interface Loop extends Span {
  /** The session that it is in. */
  readonly sessionId: string;
  /** Of the message that began it. */
  readonly userMessageId: string;
  /** opencode's agent; null where it is not known. */
  readonly agent: string | null;
  /** The model that the turn was asked of: the last call's, else the one the user message names. */
  readonly model: ModelFacts | null;
  /** The prompt, and those that came while the loop was at work. */
  readonly input: readonly ChatMessage[];
  /** What opencode itself has put behind the last answer, and no call took up. */
  readonly unanswered: readonly ChatMessage[];
  /** The final text, or the structured value where one was asked for. */
  readonly output: unknown;
  /** How it ended. */
  readonly outcome: Outcome;
  /** Why it failed; null where it did not. */
  readonly error: ErrorFacts | null;
  /** The index of the step that the error stands on; null without an error, and for a turn without a step. */
  readonly failedStep: number | null;
  /** Its iterations, in order. */
  readonly steps: readonly Step[];
  /** Sums over this loop's own calls. */
  readonly totals: Totals;
  /** Sums over this loop and all loops of subagents in it. */
  readonly totalsWithSubagents: Totals;
  /** Where its time went. */
  readonly account: TimeAccount;
  /** What opencode itself was at between its steps, in time's order; that within them stands there. */
  readonly phases: readonly OwnPhase[];
  /** The account's `other` by what opencode was at, in the steps and between them. */
  readonly ownTime: OwnTime;
  /** What went before the turn and after it where looptrace drove it, such as opencode's start; in none of the sums. */
  readonly around: readonly OwnPhase[];
  /**
   * Calls of models that opencode made beside its steps and that are in none of the sums; absent where none is known.
   * opencode 1 does not tell of them.
   */
  readonly otherCalls?: readonly OtherCall[];
  /** Subagents that were started in its time, while no step was at work: by a plugin, say; by when they began. */
  readonly loops: readonly Loop[];
  /** The run that looptrace made for it: attempts at the same prompt share an id and count from 0. */
  readonly run: { readonly id: string; readonly attempt: number } | null;
  /**
   * A fork copied the turn from another session: what it used and cost was used there, and is not to be added up twice.
   */
  readonly copied: boolean;
  /** opencode itself says that it is over, so that nothing of it goes on; opencode 1 does not say so. */
  readonly over?: true;
  /** What a reader should know about this loop and cannot see otherwise. */
  readonly notes: readonly string[];
}

/** `loop.step-N`: one assistant message, one iteration of the loop. */
export interface Step extends Span {
  /** From 0 in its loop. */
  readonly index: number;
  /** opencode's message that it became. */
  readonly messageId: string;
  /** opencode's agent; null where it is not known. */
  readonly agent: string | null;
  /** `command`: a person ran a command in the session, as by `!ls`; no model was asked. */
  readonly kind: "answer" | "compaction" | "subtask" | "command";
  /** How it ended. */
  readonly outcome: Outcome;
  /** A request of this step failed, and the turn got over it: by another attempt, or by a later step. */
  readonly recovered: boolean;
  /** The request to the model that was answered; null where there was none. */
  readonly call: Call | null;
  /** Requests before it that failed. */
  readonly retries: readonly Retry[];
  /** What the model called, in order. */
  readonly tools: readonly Tool[];
  /** Subagents that were started in its time, while no tool was at work: by a plugin, say; by when they began. */
  readonly loops: readonly Loop[];
  /** What happened in it at a moment. */
  readonly events: readonly StepEvent[];
  /** What changed in the files of the project. */
  readonly patches: readonly Patch[];
  /** Where its time went. */
  readonly account: TimeAccount;
  /** What opencode itself was at in it, in time's order. */
  readonly phases: readonly OwnPhase[];
  /** What a reader should know about this step and cannot see otherwise. */
  readonly notes: readonly string[];
}

/** `llm-call-N`: one call of the model. */
export interface Call extends Span {
  /** From 0 through the whole loop. */
  readonly index: number;
  /** How it ended. */
  readonly outcome: Outcome;
  /** The model that answered, else the one that the prompt names; null where neither is recorded. */
  readonly model: ModelFacts | null;
  /** opencode's agent; null where it is not known. */
  readonly agent: string | null;
  /** opencode's mode; null where it is not known. */
  readonly mode: string | null;
  /** When the first content (thinking, text or tool arguments) arrived. */
  readonly firstTokenAt: number | null;
  /**
   * What it was told that no call before it was; on the turn's first one also what stood before the prompt without an
   * answer.
   */
  readonly input: readonly ChatMessage[];
  /** What the model answered. */
  readonly output: CallOutput;
  /** The provider's reason for the end, such as `stop`; null without one. */
  readonly finish: string | null;
  /**
   * null: opencode recorded none, since the call failed or was cut off, or what it recorded cannot be true
   * (`usageDoubt`).
   */
  readonly usage: Usage | null;
  /** What speaks against the recorded tokens; null where nothing does. */
  readonly usageDoubt: UsageDoubt | null;
  /** USD; null: opencode knows no price for the model. */
  readonly cost: number | null;
  /** `user`: the cost is by the user's own prices; absent where it is by opencode's. */
  readonly costFrom?: "user";
  /** Sums up to and including this call. */
  readonly cumulative: Cumulative;
  /** What the context's growth is made of, on the first call what the context is made of; empty without a usage. */
  readonly contextCauses: readonly ContextCause[];
  /** How fast the answer came in: output and reasoning, from the first token on; null where that is not defined. */
  readonly outputTokensPerSecond: number | null;
  /** Why it failed; null where it did not. */
  readonly error: ErrorFacts | null;
  /** What the wire tells of its request; absent where it was not recorded. */
  readonly wire?: WireFacts;
}

/** A call that no step tells of. */
export interface OtherCall extends Span {
  /** `unknown`: it is in what opencode has counted, and that is all; mostly the call for the session's title. */
  readonly kind: "title" | "compaction" | "unknown";
  /** The model that was asked; null where that is not recorded. */
  readonly model: ModelFacts | null;
  /** Tokens; null: they are not recorded, as where the provider refused it, or only sizes were recorded. */
  readonly usage: Usage | null;
  /** USD; null: opencode knows no price for the model. */
  readonly cost: number | null;
  /** `user`: the cost is by the user's own prices; absent where it is by opencode's. */
  readonly costFrom?: "user";
  /** What the model answered, as far as it came: known from the wire alone, and absent without. */
  readonly output?: CallOutput;
  /** What the wire tells of its request; absent where it was not recorded. */
  readonly wire?: WireFacts;
}

/** A dead attempt of a call: its request failed and opencode tried again. */
export interface Retry extends Span {
  /** From 0 in its step. */
  readonly attempt: number;
  /** Why it failed, where the log or the events say so. */
  readonly error: ErrorFacts | null;
  /** What had come of an answer before it failed. */
  readonly output: CallOutput;
  /** What the wire tells of its request; absent where it was not recorded. */
  readonly wire?: WireFacts;
}

/**
 * Whose a tool is: `opencode` for its own, `mcp` for a configured MCP server's, `provider` for one that the model's
 * provider ran while the model answered. `unknown`: a plugin's, or that of a server which is not known.
 */
export type ToolOrigin = "opencode" | "mcp" | "provider" | "unknown";

/** A call that a script of the model's made in opencode's code mode. When it was made is not recorded. */
export interface InnerCall {
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** From 0 in its tool. */
  readonly index: number;
  /** As the tool is called outside of code mode: `<server>_<tool>`. */
  readonly name: string;
  /** The MCP server, as configured where that is known. */
  readonly server: string | null;
  /** How it ended. */
  readonly outcome: Outcome;
  /** The arguments. */
  readonly input: unknown;
  /** null: opencode did not record it. */
  readonly durationMs: number | null;
}

/** `tool.<name>`: one execution of a tool. */
export interface Tool extends Span {
  /** opencode's part that it stands in. */
  readonly partId: string;
  /** The provider's id of the call. */
  readonly callId: string;
  /** The tool that the model asked for; for opencode's `invalid` tool the one that was meant. */
  readonly name: string;
  /** How opencode recorded it. */
  readonly status: "pending" | "running" | "completed" | "error";
  /** How it ended. */
  readonly outcome: Outcome;
  /** opencode's short text for it. */
  readonly title: string | null;
  /** The arguments that it ran with. */
  readonly input: unknown;
  /** What the model is told: the output, or the error's text; null while there is neither. */
  readonly output: string | null;
  /** Files that it gave back. */
  readonly attachments: readonly FileFacts[];
  /** What the tool itself recorded beside its output. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** How it failed; null where it did not. */
  readonly failure: ToolFailure | null;
  /**
   * How long it can have run, in ms: both are its duration where that is exact. Null where it has no end. Of a tool
   * whose start opencode set anew it is no more than from its arguments on, and no less than from the last such start
   * on.
   */
  readonly atLeastMs: number;
  /** The longest that it can have taken, ms; null where nothing bounds it. */
  readonly atMostMs: number | null;
  /** When the model began to write the arguments. */
  readonly argumentsAt: number | null;
  /**
   * How much of its time it waited for a permission, in ms; null where it asked for none, or nothing followed
   * opencode's events.
   */
  readonly permissionWaitMs: number | null;
  /** The subagent's session where this tool names the one that it started. */
  readonly childSessionId: string | null;
  /** Whose tool it is. */
  readonly origin: ToolOrigin;
  /** The MCP server that it belongs to, as configured; null where it belongs to none, and where that is not known. */
  readonly server: string | null;
  /** The calls that its script made, where the tool is opencode's code mode (`execute`); in their order. */
  readonly innerCalls: readonly InnerCall[];
  /** Subagents that it started; with those of a plugin's tool too, and such as went on after it. */
  readonly loops: readonly Loop[];
  /**
   * The tool started a subagent whose session is not in the input, so that `loops` and all totals lack it; or it was
   * broken off, or is at work, and may have. A subagent that never came to life is not missing: there is nothing that
   * could be here.
   */
  readonly subagentMissing: boolean;
  /** What a reader should know about this tool and cannot see otherwise. */
  readonly notes: readonly string[];
}

/** Something that happened beside calls and tools. */
export interface StepEvent {
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** What happened. */
  readonly name:
    | "compaction"
    | "doom-loop"
    | "cache-break"
    | "plan"
    | "permission"
    | "skill"
    | "agent-switched"
    | "model-switched"
    | "location-switched"
    | "system";
  /** ms since the epoch. */
  readonly at: number;
  /**
   * Of a `doom-loop`: `count`, and `tool` with `arguments`; or `answer`, the text that the model gave again and again
   * without a tool (empty where it said nothing), with `finish`; or neither, where requests were too large for the
   * context again and again. `lastError` where they failed.
   *
   * Of a `compaction`: `auto`, and `overflow` where a request was too large for the context. Where no step of its own
   * tells of it: its `outcome`, and as far as they are known `durationMs`, `model`, `tokens`, `cost` and `error`.
   *
   * Of what was switched: the new `agent`, `model` or `directory`, and the `previous` one. Of a `skill`: its name. Of a
   * `system`, changed instructions: their `description`.
   *
   * Of a `cache-break`: `cachedBefore`, `cachedNow` and `tokensReadAnew`. Where the requests were recorded: its `cause`
   * in a sentence and its `causeKind`; the `owner` (JSON) of the part in which they begin to differ, with what stood
   * there `before` and `after` (excerpts); and `costUsd`, what the tokens cost more than from the cache, where the
   * calls' costs tell prices.
   *
   * Of a `permission`: `permission` and `patterns`, what was asked for; `answer`, which is `once`, `always`, `reject`,
   * or `none` where none came before the turn had ended; `by` whom; `askedAt`; `waitedMs`, until the answer or that
   * end; and the `callId` of the tool that it was for, where opencode says so.
   */
  readonly attributes: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** A message of the chat that a call was made with. */
export type ChatMessage =
  | { readonly role: "user"; readonly content: string | readonly ContentPart[] }
  | {
      readonly role: "tool";
      readonly tool_call_id: string;
      readonly name: string;
      readonly content: string;
      readonly is_error?: true;
      readonly attachments?: readonly FileFacts[];
    };
