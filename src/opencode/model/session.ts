/**
 * A session as looptrace reads it, whichever opencode wrote it: the one input of `trace/`.
 *
 * A reader for each generation makes it (`v1/`, `v2/`). What an opencode does not write down, and can be concluded, is
 * concluded there; each time says how well it is known. Plain readonly data: all times are milliseconds since the Unix
 * epoch, all costs USD, all usage tokens. `null` is what is not known, or is not there.
 */
import type { ErrorEvidence, ErrorObject } from "../../errors/error-facts.js";
import type { ToolFacts } from "../../errors/tool-failure.js";
import type { WireExchange } from "../../wire/model.js";
import type { RunEvidence } from "../schema/run-evidence.js";
import type { TurnsOwnWork } from "./own-work.js";
import type {
  CallOutput,
  ContentPart,
  FileFacts,
  ModelFacts,
  Moment,
  Outcome,
  Patch,
  Timing,
  Usage,
} from "./values.js";

/** A session with the sessions of its subagents. */
export interface Session {
  readonly id: string;
  readonly title: string;
  readonly directory: string;
  /** The opencode that wrote it, such as `1.18.33`; `unknown` where nothing tells. */
  readonly opencodeVersion: string;
  readonly projectId: string | null;
  readonly parentId: string | null;
  readonly createdAt: number;
  /** One for each run of opencode's loop and for each command that a person ran, in their order. */
  readonly turns: readonly Turn[];
  /** Those whose parent it is, in no order. */
  readonly children: readonly Session[];
  /**
   * What opencode itself counted for all calls of this session, without its children and without what a fork copied;
   * null where it does not say, or counts otherwise. What the answers lack of it are other calls.
   */
  readonly counted: Spent | null;
  /** What was read of it and is of no kind that looptrace knows, with counts: `part x`, `role y`, `message z`. */
  readonly unread: Readonly<Record<string, number>>;
}

/**
 * Reads one session's export.
 *
 * @param runs of looptrace's that were this session's
 * @param children the sessions below it, read already
 */
export type SessionReader<Export> = (
  session: Export,
  runs: readonly RunEvidence[],
  children: readonly Session[],
) => Session;

/** What was used, and what it cost; `cost` is null where opencode knows no price. */
export interface Spent {
  readonly usage: Usage;
  readonly cost: number | null;
}

/** What one run of opencode's loop was asked and did, in order. */
export interface Turn {
  /** The id of what began it, also where that itself was deleted. */
  readonly id: string;
  /** When it began. */
  readonly at: number;
  /**
   * What began it: a `prompt`; a `command` that a person ran in the session, and no model was told; a message of
   * `opencode`'s or a plugin's own, where there is no prompt that it could belong to; or a prompt that was `deleted`.
   */
  readonly origin: "prompt" | "command" | "opencode" | "deleted";
  /** What its first prompt names. */
  readonly agent: string | null;
  readonly model: ModelFacts | null;
  /**
   * What stood before it for the model to read: messages that got no answer of their own, since they asked for none,
   * and commands that a person ran, which are turns as well; and events between the turn before and this one.
   */
  readonly context: readonly Entry[];
  /** What was asked: the prompt that began it, and those that came while the loop was already at work. */
  readonly prompts: readonly Told[];
  /** All that followed the first prompt: answers, what opencode itself put between them, and further prompts. */
  readonly rest: readonly Entry[];
  /** A fork copied it from another session. */
  readonly copied: boolean;
  /** How it ended, where opencode says so; null where that is to be concluded from the answers, or it goes on. */
  readonly end: TurnEnd | null;
  /** The run of looptrace's in which it began, where it was driven or followed. */
  readonly run: RunEvidence | null;
  /** Calls of models that were made for it and stand in no answer and no event, such as one for the title. */
  readonly otherCalls: readonly OtherCall[];
  /** What opencode itself did in it and around it, as far as that is known. */
  readonly ownWork: TurnsOwnWork;
}

/** The end of a turn, as opencode tells it. */
export interface TurnEnd {
  readonly at: number;
  readonly outcome: "succeeded" | "failed" | "interrupted";
  readonly error: ErrorObject | null;
}

/** A call that stands in no answer. */
export interface OtherCall extends Omit<Spent, "usage"> {
  /** null: what it used is not recorded. */
  readonly usage: Spent["usage"] | null;
  readonly kind: "title" | "compaction" | "unknown";
  readonly model: ModelFacts | null;
  readonly start: number | null;
  readonly end: number | null;
  /** Its recorded request; absent where there is none. */
  readonly exchange?: WireExchange;
}

/** What stands in a turn. */
export type Entry = Told | SessionEvent | Answer;

/** A message to the model: a person's, or a text of opencode's own. */
export interface Told {
  readonly kind: "told";
  readonly id: string;
  readonly at: number;
  /** What the model is told of it, in order; the quotes are off that opencode puts around a prompt of several words. */
  readonly content: readonly ContentPart[];
}

interface EventBase {
  readonly kind: "event";
  readonly id: string;
  readonly at: number;
}

/** Something that happened between answers. */
export type SessionEvent =
  | CompactionEvent
  | (EventBase & { readonly name: "skill"; readonly skill: string })
  | (EventBase & { readonly name: "agent-switched"; readonly agent: string; readonly previous: string | null })
  | (EventBase & {
      readonly name: "model-switched";
      readonly model: ModelFacts;
      readonly previous: ModelFacts | null;
    })
  | (EventBase & {
      readonly name: "location-switched";
      readonly directory: string;
      readonly previous: string | null;
    })
  /** The instructions changed; what is said of it in one line. */
  | (EventBase & { readonly name: "system"; readonly description: string | null });

/** The conversation was to be summed up. */
export interface CompactionEvent extends EventBase {
  readonly name: "compaction";
  /** opencode began it by itself. */
  readonly auto: boolean;
  /** Since a request was too large for the model's context. */
  readonly overflow: boolean;
  /** What it was and came to; null where an answer of kind `compaction` tells that (1.x). */
  readonly summary: CompactionSummary | null;
}

/** A compaction that is told of as a whole. */
export interface CompactionSummary {
  readonly outcome: Outcome;
  readonly end: number | null;
  readonly model: ModelFacts | null;
  /** null: not recorded with it; it is in what the session counted. */
  readonly spent: Spent | null;
  readonly error: ErrorObject | null;
  /** Its recorded request; absent where there is none. */
  readonly exchange?: WireExchange;
}

/** A step of the loop: an answer of the model's with all that belongs to it, or what a person had done. */
export interface Answer {
  readonly kind: "answer";
  readonly id: string;
  /** Its place among the session's answers, from 0. */
  readonly index: number;
  readonly created: number;
  /** null: it was cut off, or is at work. */
  readonly completed: number | null;
  /** The last moment that anything of it tells of; where it and all of its tools have ended, `completed` will do. */
  readonly lastMoment: number;
  readonly agent: string | null;
  readonly mode: string | null;
  /** `subtask`: opencode started a subagent without asking a model; `command`: a person ran a command. */
  readonly step: "answer" | "compaction" | "subtask" | "command";
  /** It is a summary of the conversation, on its own or a person's wish; null: it is none. */
  readonly summary: { readonly byHand: boolean } | null;
  /** The message that it names as the one that it answers. */
  readonly answers: string | null;
  /** The call of the model; null where none was asked. */
  readonly call: ModelCall | null;
  /** Requests for it that failed and were made again, in order. */
  readonly dead: readonly DeadRequest[];
  /** In the order in which the model asked for them. */
  readonly tools: readonly ToolRun[];
  readonly patches: readonly Patch[];
  readonly error: ErrorObject | null;
  /** How its last call ended, in opencode's word; null where it failed or was cut off, or nothing tells. */
  readonly finish: string | null;
  /** The structured answer that was asked for; null: none. */
  readonly structured: unknown;
  /** What a reader should know about it and cannot see otherwise. */
  readonly notes: readonly string[];
}

/** The call of the model that an answer holds. */
export interface ModelCall {
  readonly model: ModelFacts | null;
  /** When the request was sent that was answered, or failed for good; or the best lower bound of it. */
  readonly request: Moment;
  /** When the first thinking, text or tool arguments came in. */
  readonly firstContentAt: number | null;
  /** When the model's output ended, not when the tools did; null: it did not come to its end. */
  readonly outputEnd: Moment | null;
  /** opencode noted how it ended. */
  readonly finished: boolean;
  /** It came to its end, so that it is strange where no tokens were recorded. */
  readonly answered: boolean;
  readonly output: CallOutput;
  readonly finish: string | null;
  /** The provider's own word for it. */
  readonly rawFinish: string | null;
  /** Why the request failed, where nothing but the log, the events or its recorded answer tells it. */
  readonly failure: RequestFailure | null;
  /** The request was too large for the model's context, and the answer has no error that says so. */
  readonly tooLarge: boolean;
  readonly recorded: RecordedTokens;
  /** Its recorded request, of which its times are then; absent where there is none. */
  readonly exchange?: WireExchange;
}

/** What opencode recorded of a call's tokens and cost, true or not. */
export interface RecordedTokens {
  readonly usage: Usage;
  /** opencode's own total. */
  readonly total: number | null;
  /** Which half holds a figure that is no number of tokens, or lacks one that opencode always writes. */
  readonly untrue: { readonly prompt: boolean; readonly output: boolean };
  /** How many tokens another record of the same call tells of, where that tells of others. */
  readonly elsewhere: number | null;
  /** USD; 0: none. */
  readonly cost: number;
}

/** Why one request failed, and when. */
export interface RequestFailure {
  readonly at: number;
  readonly error: ErrorObject;
  readonly evidence: Extract<ErrorEvidence, "log" | "events" | "wire">;
}

/** A request that failed and was made again. */
export interface DeadRequest {
  /** The same with whatever evidence, as far as that can be: the span's id is made of it. */
  readonly id: string;
  readonly start: number;
  /** When the next request was sent. */
  readonly end: number;
  readonly timing: Timing;
  readonly failure: RequestFailure | null;
  /** What it had written before it died; without tools, which ran and are the answer's. */
  readonly output: CallOutput;
  /** Its recorded request; absent where there is none. */
  readonly exchange?: WireExchange;
}

/** A call of a tool, and what came of it. */
export interface ToolRun {
  /** Of its own in the session: the span's id is made of it. */
  readonly id: string;
  /** The provider's id of the call; some providers count anew in each answer. */
  readonly callId: string;
  /** The tool that the model asked for. */
  readonly name: string;
  readonly status: "pending" | "running" | "completed" | "error";
  readonly title: string | null;
  /** As the model gave them: parsed, or the raw text while they are being written; null: none. */
  readonly input: unknown;
  /** What the model is told: the output, or the error's text; null while there is neither. */
  readonly output: string | null;
  readonly attachments: readonly FileFacts[];
  /** Without what stands in the output already. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The call as the classifier of failures reads it, with all of its metadata. */
  readonly facts: ToolFacts;
  readonly start: number;
  /** null: it had not ended when the evidence stops. */
  readonly end: number | null;
  readonly timing: Timing;
  /** When the model began to write the arguments. */
  readonly argumentsAt: number | null;
  /** How long it can have run, ms; `atMostMs` is null where it has no end. */
  readonly atLeastMs: number;
  readonly atMostMs: number | null;
  /** The model's provider ran it while the model answered: its server, where it says one; null: opencode ran it. */
  readonly provider: { readonly server: string | null } | null;
  /** opencode brings a tool of this name along. */
  readonly own: boolean;
  /** The tool is opencode's own that starts a subagent, and what it says of it; null: it is another. */
  readonly subagent: SubagentFacts | null;
  /** The calls that a script of the model's made (code mode). */
  readonly innerCalls: readonly InnerToolCall[];
}

/** What a tool that starts a subagent says of it. */
export interface SubagentFacts {
  readonly sessionId: string | null;
  /** It started a session, or may have; false: it was refused before that, or has not begun. */
  readonly begun: boolean;
  /** The tool ended before the subagent did, on purpose. */
  readonly inBackground: boolean;
}

/** A call that a script of the model's made. */
export interface InnerToolCall {
  /** Its place in what opencode wrote down. */
  readonly index: number;
  /** As opencode calls it in code mode: `<server>.<tool>`. */
  readonly path: string;
  readonly outcome: Outcome;
  readonly input: unknown;
  /** null: not recorded. */
  readonly durationMs: number | null;
}
