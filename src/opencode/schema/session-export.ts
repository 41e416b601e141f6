/**
 * What `opencode export` writes, for opencode 1.15 to 1.18 and, where its database has older rows, before.
 *
 * Strict about what no trace can be made without: the ids and times that spans are made of. All else may be missing or
 * of another type, and is unknown then. Unknown fields stay on the objects, unknown part types are carried along as
 * {@link UnknownPart}. Types are inferred, never written twice.
 */
import { z } from "zod";
import { isFields } from "../../text/json-fields.js";
import { epochMs, flag, moment, streamTime, text, textOrNone, tokens, usd } from "./lenient.js";

/** opencode's own error object `{ name, data }`; what is in `data` depends on the name and on the provider. */
const errorObject = z.looseObject({
  name: z.string(),
  data: z.unknown().optional(),
});

/** An error of any other form is one of unknown kind: that there is one must not get lost. */
const anyError = z
  .unknown()
  .transform((value): z.infer<typeof errorObject> | undefined => {
    if (value === undefined || value === null || value === false || value === "") return undefined;
    if (!isFields(value)) return { name: "UnknownError", data: { message: String(value) } };
    const { name, data = value } = value;
    return typeof name === "string" ? { ...value, name } : { name: "UnknownError", data };
  })
  .optional();

const partBase = { id: z.string() };

const stepStartPart = z.looseObject({
  ...partBase,
  type: z.literal("step-start"),
});

const stepFinishPart = z.looseObject({
  ...partBase,
  type: z.literal("step-finish"),
  reason: text,
  tokens,
  cost: usd,
});

const reasoningPart = z.looseObject({
  ...partBase,
  type: z.literal("reasoning"),
  text: z.string(),
  time: streamTime,
});

const textPart = z.looseObject({
  ...partBase,
  type: z.literal("text"),
  text: z.string(),
  synthetic: flag,
  ignored: flag,
  time: streamTime,
});

const filePart = z.looseObject({
  ...partBase,
  type: z.literal("file"),
  mime: textOrNone,
  url: textOrNone,
  filename: text,
  synthetic: flag,
});

/** A file that a tool returned; the same fields as a file part, but its ids may be missing. */
const attachment = z.looseObject({ mime: textOrNone, url: textOrNone, filename: text });

const toolMetadata = z.record(z.string(), z.unknown()).optional().catch(undefined);

/** Rows that lack a status or times get them from `toolRow`, which says so. */
const timesUnknown = z.literal(true).optional().catch(undefined);

const toolState = z.discriminatedUnion("status", [
  z.looseObject({ status: z.literal("pending"), input: z.unknown().optional(), raw: text }),
  z.looseObject({
    status: z.literal("running"),
    input: z.unknown().optional(),
    title: text,
    metadata: toolMetadata,
    time: z.looseObject({ start: epochMs }),
    timesUnknown,
  }),
  z.looseObject({
    status: z.literal("completed"),
    input: z.unknown().optional(),
    output: text,
    title: text,
    metadata: toolMetadata,
    time: z.looseObject({ start: epochMs, end: epochMs, compacted: moment }),
    attachments: z.array(attachment).optional().catch(undefined),
    timesUnknown,
  }),
  z.looseObject({
    status: z.literal("error"),
    input: z.unknown().optional(),
    error: text,
    metadata: toolMetadata,
    time: z.looseObject({ start: epochMs, end: epochMs }),
    timesUnknown,
  }),
]);

const toolPart = z.looseObject({
  ...partBase,
  type: z.literal("tool"),
  tool: z.string(),
  callID: z.string(),
  /** What the provider said of the call, and `providerExecuted` where it ran the tool itself. */
  metadata: toolMetadata,
  state: toolState,
});

const patchPart = z.looseObject({
  ...partBase,
  type: z.literal("patch"),
  hash: textOrNone,
  files: z.array(z.string()).catch([]),
});

const compactionPart = z.looseObject({
  ...partBase,
  type: z.literal("compaction"),
  auto: flag,
  overflow: flag,
});

const subtaskPart = z.looseObject({
  ...partBase,
  type: z.literal("subtask"),
  agent: textOrNone,
  prompt: textOrNone,
  description: text,
  command: text,
});

/** The part types that looptrace reads, by their `type`. */
export const knownParts = {
  "step-start": stepStartPart,
  "step-finish": stepFinishPart,
  reasoning: reasoningPart,
  text: textPart,
  file: filePart,
  tool: toolPart,
  patch: patchPart,
  compaction: compactionPart,
  subtask: subtaskPart,
} as const;

/** A part of a type that this version of looptrace does not read; kept as it is. */
export const unknownPart = z.looseObject({ ...partBase, type: z.string() });

const modelRef = z.looseObject({
  providerID: z.string(),
  modelID: z.string(),
  variant: text,
});

export const userInfo = z.looseObject({
  role: z.literal("user"),
  id: z.string(),
  time: z.looseObject({ created: epochMs }),
  agent: text,
  model: modelRef.optional().catch(undefined),
});

export const assistantInfo = z.looseObject({
  role: z.literal("assistant"),
  id: z.string(),
  parentID: text,
  time: z.looseObject({ created: epochMs, completed: moment }),
  modelID: text,
  providerID: text,
  agent: text,
  mode: text,
  variant: text,
  finish: text,
  error: anyError,
  summary: flag,
  structured: z.unknown().optional(),
  /** The same as on its step-finish, which some tools and older rows lack. */
  tokens,
  cost: usd,
});

export const sessionInfo = z.looseObject({
  id: z.string(),
  title: textOrNone,
  directory: textOrNone,
  version: z.string().catch("unknown"),
  projectID: text,
  parentID: text,
  agent: text,
  /** What opencode has counted for the session itself, from 1.18 on; a fork's with what was copied. */
  tokens: tokens.optional(),
  time: z.looseObject({ created: epochMs, updated: moment }),
});

/** Where a step begins. */
export type StepStartPart = z.infer<typeof stepStartPart>;
/** Where a step ends, with its tokens and cost (USD). */
export type StepFinishPart = z.infer<typeof stepFinishPart>;
/** What the model thought. */
export type ReasoningPart = z.infer<typeof reasoningPart>;
/** A text of the model's or of the prompt. */
export type TextPart = z.infer<typeof textPart>;
/** A file in a message. */
export type FilePart = z.infer<typeof filePart>;
/** A call of a tool, and what came of it. */
export type ToolPart = z.infer<typeof toolPart>;
export type ToolState = z.infer<typeof toolState>;
/** The files that a step changed. */
export type PatchPart = z.infer<typeof patchPart>;
/** Where opencode shortened the session's context. */
export type CompactionPart = z.infer<typeof compactionPart>;
/** A prompt for a subagent. */
export type SubtaskPart = z.infer<typeof subtaskPart>;
export type Attachment = z.infer<typeof attachment>;
export type ErrorObject = z.infer<typeof errorObject>;
/** What an export says of a prompt. */
export type UserInfo = z.infer<typeof userInfo>;
/** What an export says of a step; times are ms since the epoch, costs USD. */
export type AssistantInfo = z.infer<typeof assistantInfo>;
/** What an export says of its session as a whole; times are ms since the epoch, costs USD. */
export type SessionInfo = z.infer<typeof sessionInfo>;
/** A part of a type that looptrace does not read. */
export type UnknownPart = z.infer<typeof unknownPart>;
/** Any part that looptrace reads; discriminated by `type`. */
export type Part =
  | StepStartPart
  | StepFinishPart
  | ReasoningPart
  | TextPart
  | FilePart
  | ToolPart
  | PatchPart
  | CompactionPart
  | SubtaskPart;

/** The parts of a message. */
export interface MessageParts {
  /** What it consists of, in order. */
  readonly parts: readonly Part[];
  /** Parts of types that looptrace does not read, in their order; never lost, never interpreted. */
  readonly unknownParts: readonly UnknownPart[];
}
/** A prompt. */
export interface UserMessage extends MessageParts {
  /** Who asked, and when. */
  readonly info: UserInfo;
}
/** What the model answered in a step. */
export interface AssistantMessage extends MessageParts {
  /** Who answered, when, with which tokens, and how it ended. */
  readonly info: AssistantInfo;
}
/** A message of a session. */
export type Message = UserMessage | AssistantMessage;

/** One session as opencode 1 exports it; a subagent's session is an export of its own (see `assembleSessions`). */
export interface SessionExportV1 {
  /** Tells exports of opencode 1 from those of opencode 2. */
  readonly generation: 1;
  /** What the session is. */
  readonly info: SessionInfo;
  /** Its messages, in order. */
  readonly messages: readonly Message[];
  /** What this version of looptrace could not read and left aside: part types and message roles with counts. */
  readonly unread: {
    readonly partTypes: Readonly<Record<string, number>>;
    readonly roles: Readonly<Record<string, number>>;
  };
}
