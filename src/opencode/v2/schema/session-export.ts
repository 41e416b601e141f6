/**
 * What `opencode session export` of opencode 2 writes, by the schema of 2.0.26.
 *
 * As strict as the schema of 1.x, which is: about the ids and times that spans are made of. All else may be missing or
 * of another type, and is unknown then. What builds before 2.0 called otherwise is read under its later name. Unknown
 * fields stay on the objects; messages and contents of unknown types are carried along. Types are inferred, never
 * written twice.
 */
import { z } from "zod";
import { errorObjectOf } from "../../../errors/opencode2-error.js";
import { epochMs, flag, moment, text, textOrNone, tokens, usd } from "../../schema/lenient.js";
import { UNTOLD_VERSION } from "./untold-version.js";

/** How a turn or a session's last one ended. */
const outcome = z.enum(["succeeded", "failed", "interrupted"]).optional().catch(undefined);

const metadata = z.record(z.string(), z.unknown()).optional().catch(undefined);

/** An error of whatever form: that there is one must not get lost. */
const anyError = z
  .unknown()
  .transform((value) =>
    value === undefined || value === null || value === false || value === "" ? undefined : errorObjectOf(value),
  )
  .optional();

const modelRef = z.looseObject({ id: z.string(), providerID: textOrNone, variant: text }).optional().catch(undefined);

const location = z.looseObject({ directory: textOrNone }).optional().catch(undefined);

/** What every message has. */
const base = { id: z.string(), metadata, time: z.looseObject({ created: epochMs }) };

/** A file in a prompt, or one that a tool returned: its content stands in `data`, or in `uri`. */
const file = z.looseObject({ mime: textOrNone, name: text, data: text, uri: text });

/** What cannot be read of a list is left out of it. */
const listOf = <S extends z.ZodType>(item: S) =>
  z
    .array(item.nullable().catch(null))
    .optional()
    .catch(undefined)
    .transform((items) => (items ?? []).filter((one) => one !== null));

const user = z.looseObject({
  ...base,
  type: z.literal("user"),
  text: textOrNone,
  files: listOf(file),
});

const synthetic = z.looseObject({ ...base, type: z.literal("synthetic"), text: textOrNone, description: text });

const system = z.looseObject({ ...base, type: z.literal("system"), text: textOrNone, description: text });

const skill = z.looseObject({ ...base, type: z.literal("skill"), skill: text, name: text, text: textOrNone });

const agentSwitched = z.looseObject({ ...base, type: z.literal("agent-switched"), agent: text, previous: text });

const modelSwitched = z.looseObject({
  ...base,
  type: z.literal("model-switched"),
  model: modelRef,
  previous: modelRef,
});

const locationSwitched = z.looseObject({
  ...base,
  type: z.literal("location-switched"),
  location,
  previous: z.looseObject({ location }).optional().catch(undefined),
});

/** A command that a person ran in the session, as by `!ls`. */
const shell = z.looseObject({
  ...base,
  type: z.literal("shell"),
  command: textOrNone,
  status: text,
  exit: z.number().optional().catch(undefined),
  output: z.looseObject({ output: textOrNone }).optional().catch(undefined),
  time: z.looseObject({ created: epochMs, completed: moment }),
});

const compaction = z.looseObject({
  ...base,
  type: z.literal("compaction"),
  status: text,
  reason: text,
  summary: textOrNone,
  model: modelRef,
  /** Of its own request; builds before 2.0 have neither here, only in the session's sums. */
  cost: usd,
  tokens: tokens.optional(),
  error: anyError,
});

/** Marks where the session went idle: the end of a turn. */
const idle = z.looseObject({ ...base, type: z.literal("idle"), outcome, error: anyError });

/** What is known of an assistant message beside its content. */
export const assistantFields = z.looseObject({
  ...base,
  type: z.literal("assistant"),
  agent: text,
  model: modelRef,
  finish: text,
  rawFinish: text,
  cost: usd,
  tokens: tokens.optional(),
  error: anyError,
  /** Only while it waits to ask again. */
  retry: z.looseObject({ attempt: moment, at: moment, error: anyError }).optional().catch(undefined),
  snapshot: z
    .looseObject({ start: text, end: text, files: listOf(z.string()) })
    .optional()
    .catch(undefined),
  time: z.looseObject({
    /** When the request that was answered went out. Builds before 2.0: when the first attempt's answer began. */
    created: epochMs,
    /** When the answer's body had come to its end; tools may be at work after it. */
    streamed: moment,
    completed: moment,
  }),
});

const textContent = z.looseObject({ type: z.literal("text"), text: textOrNone });

const reasoningContent = z.looseObject({
  type: z.literal("reasoning"),
  text: textOrNone,
  time: z.looseObject({ created: epochMs, completed: moment }).optional().catch(undefined),
});

/** What a tool told the model. */
const toolOutput = z.union([
  z.looseObject({ type: z.literal("text"), text: textOrNone }),
  z.looseObject({ type: z.literal("file"), mime: textOrNone, name: text, uri: textOrNone }),
]);

const toolError = z
  .looseObject({ type: text, message: textOrNone })
  .catch(({ value }) => ({ type: undefined, message: typeof value === "string" ? value : "" }));

/** As `toolRow` has put it right. */
const toolState = z.discriminatedUnion("status", [
  /** Its arguments are being written: `input` is as much of their JSON as there is. */
  z.looseObject({ status: z.literal("streaming"), input: z.unknown().optional() }),
  z.looseObject({ status: z.literal("running"), input: z.unknown().optional(), metadata }),
  z.looseObject({
    status: z.literal("completed"),
    input: z.unknown().optional(),
    content: listOf(toolOutput),
    metadata,
  }),
  z.looseObject({
    status: z.literal("error"),
    input: z.unknown().optional(),
    error: toolError,
    content: listOf(toolOutput),
    metadata,
  }),
]);

const toolContent = z.looseObject({
  type: z.literal("tool"),
  /** The call's, as the provider made it. */
  id: z.string(),
  name: z.string(),
  /** The provider ran it itself. */
  executed: flag,
  state: toolState,
  time: z.looseObject({
    /** When its arguments began. */
    created: moment,
    /** When it was called. */
    ran: moment,
    completed: moment,
  }),
});

/** The messages that looptrace reads, by their `type`, but for the assistant's. */
export const knownMessages = {
  user,
  synthetic,
  system,
  skill,
  shell,
  compaction,
  idle,
  "agent-switched": agentSwitched,
  "model-switched": modelSwitched,
  "location-switched": locationSwitched,
} as const;

/** The contents of an assistant message that looptrace reads, by their `type`. */
export const knownContents = { text: textContent, reasoning: reasoningContent, tool: toolContent } as const;

/** A message of a type that this version of looptrace does not read; kept as it is. */
export const unknownMessage = z.looseObject({ type: z.string() });

/** The same of an assistant message's content. */
export const unknownContent = z.looseObject({ type: z.string() });

export const sessionFields = z
  .looseObject({
    id: z.string(),
    title: textOrNone,
    parentID: text,
    /** The session that this one was copied from. */
    fork: z.looseObject({ sessionID: z.string() }).optional().catch(undefined),
    projectID: text,
    agent: text,
    model: modelRef,
    /** All that opencode has counted for the session, titles and compactions included, subagents not. */
    cost: usd,
    tokens: tokens.optional(),
    outcome,
    time: z.looseObject({ created: epochMs, updated: moment, idle: moment }),
    location,
  })
  .transform((info) => ({ ...info, directory: info.location?.directory ?? "", version: UNTOLD_VERSION }));

/** A prompt, in a session of opencode 2; its time is when it was delivered. */
export type UserMessageV2 = z.infer<typeof user>;
/** A text of opencode's own that the model is told. */
export type SyntheticMessage = z.infer<typeof synthetic>;
/** Instructions that changed while the session went on. */
export type SystemMessage = z.infer<typeof system>;
/** A skill that was given to the model. */
export type SkillMessage = z.infer<typeof skill>;
/** A command that a person ran in the session. */
export type ShellMessage = z.infer<typeof shell>;
/** Where opencode shortened the session's context; costs in USD. */
export type CompactionMessage = z.infer<typeof compaction>;
/** Where the session went idle: the end of a turn. */
export type IdleMessage = z.infer<typeof idle>;
/** Another agent goes on. */
export type AgentSwitched = z.infer<typeof agentSwitched>;
/** Another model goes on. */
export type ModelSwitched = z.infer<typeof modelSwitched>;
/** The session goes on in another folder. */
export type LocationSwitched = z.infer<typeof locationSwitched>;
/** A text of the model's. */
export type TextContent = z.infer<typeof textContent>;
/** What the model thought; times are ms since the epoch. */
export type ReasoningContent = z.infer<typeof reasoningContent>;
/** A call of a tool, and what came of it; times are ms since the epoch. */
export type ToolContent = z.infer<typeof toolContent>;
/** What a tool told the model. */
export type ToolOutput = z.infer<typeof toolOutput>;
/** A message of a type that looptrace does not read. */
export type UnknownMessage = z.infer<typeof unknownMessage>;
/** A content of a type that looptrace does not read. */
export type UnknownContent = z.infer<typeof unknownContent>;
/** What an export of opencode 2 says of its session as a whole; times are ms since the epoch, costs USD. */
export type SessionInfoV2 = z.infer<typeof sessionFields>;
/** Any content that looptrace reads; discriminated by `type`. */
export type MessageContent = TextContent | ReasoningContent | ToolContent;

/** One call of the model, with its tools: a step. */
export interface AssistantMessageV2 extends z.infer<typeof assistantFields> {
  /** What it consists of, in order. */
  readonly content: readonly MessageContent[];
  /** Contents of types that looptrace does not read, in their order; never lost, never interpreted. */
  readonly unknownContent: readonly UnknownContent[];
}

/** Any message that looptrace reads; discriminated by `type`. */
export type MessageV2 =
  | UserMessageV2
  | AssistantMessageV2
  | SyntheticMessage
  | SystemMessage
  | SkillMessage
  | ShellMessage
  | CompactionMessage
  | IdleMessage
  | AgentSwitched
  | ModelSwitched
  | LocationSwitched;

/** One session as opencode 2 exports it; a subagent's session is an export of its own. */
export interface SessionExportV2 {
  /** Tells exports of opencode 2 from those of opencode 1. */
  readonly generation: 2;
  /** What the session is. */
  readonly info: SessionInfoV2;
  /** In the order in which opencode recorded them. */
  readonly messages: readonly MessageV2[];
  /** Messages of types that looptrace does not read, in their order; never lost, never interpreted. */
  readonly unknownMessages: readonly UnknownMessage[];
  /** What this version of looptrace could not read and left aside: types with counts. */
  readonly unread: {
    readonly messageTypes: Readonly<Record<string, number>>;
    readonly contentTypes: Readonly<Record<string, number>>;
  };
}
