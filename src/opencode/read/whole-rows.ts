/**
 * Rows as today's opencode writes them, told by hand: of such a row the schemas change nothing but tokens and cost, and
 * a session has tens of thousands of them. Whatever is not just so is left to the schemas, which say what is wrong with
 * it or do without.
 */
import { type Fields, isFields } from "../../text/json-fields.js";
import { isPlainObject } from "../../text/json-shapes.js";
import type {
  AssistantInfo,
  Part,
  ReasoningPart,
  SessionInfo,
  StepFinishPart,
  StepStartPart,
  TextPart,
  ToolPart,
  UserInfo,
} from "../schema/session-export.js";
import { tokensOf, usdOf } from "../schema/tokens.js";
import { isSpanTime } from "./parse-fields.js";

/** A session's own row, with its tokens read; undefined where the schema is to read it. */
export function wholeSessionInfo(row: Fields): SessionInfo | undefined {
  if (!isPlain(row) || !isSessionInfo(row)) return undefined;
  return row.tokens === undefined ? row : { ...row, tokens: tokensOf(row.tokens) };
}

function isSessionInfo(row: Fields): row is Raw<SessionInfo> {
  const { time, state } = row;
  return (
    [row.id, row.title, row.directory, row.version].every((one) => typeof one === "string") &&
    [row.projectID, row.parentID, row.agent].every((one) => one === undefined || typeof one === "string") &&
    isFields(time) &&
    isPlain(time) &&
    isTime(time.created) &&
    haveTimes(time) &&
    (time.updated === undefined || Number.isFinite(time.updated)) &&
    state === undefined
  );
}

/** A prompt's row; undefined where the schema is to read it. */
export function wholeUserInfo(row: Fields): UserInfo | undefined {
  return isPlain(row) && isUserInfo(row) ? row : undefined;
}

/** An answer's row, with its tokens and cost read; undefined where the schema is to read it. */
export function wholeAssistantInfo(row: Fields): AssistantInfo | undefined {
  if (!isPlain(row) || !isAssistantInfo(row)) return undefined;
  return { ...row, tokens: tokensOf(row.tokens), cost: usdOf(row.cost) };
}

/** A part's row, that of a step-finish with its tokens and cost read; undefined where the schema is to read it. */
export function wholePart(row: Fields): Part | undefined {
  if (typeof row.id !== "string" || !isPlain(row)) return undefined;
  switch (row.type) {
    case "tool":
      return isTool(row) ? row : undefined;
    case "text":
    case "reasoning":
      return isSpoken(row) ? row : undefined;
    case "step-start":
      return isStepStart(row) ? row : undefined;
    case "step-finish":
      return isStepFinish(row) ? { ...row, tokens: tokensOf(row.tokens), cost: usdOf(row.cost) } : undefined;
    default:
      return undefined;
  }
}

/** A field that is null is missing, and what JSON calls `__proto__` is no field of the schemas'. */
export function isPlain(row: Fields): boolean {
  for (const key in row) if (row[key] === null || key === "__proto__") return false;
  return true;
}

/** A row whose tokens and cost are still as opencode wrote them. */
type Raw<Row> = Fields & {
  [Name in keyof Row as string extends Name ? never : Name extends "tokens" | "cost" ? never : Name]: Row[Name];
};

function isUserInfo(row: Fields): row is Fields & UserInfo {
  const { role, id, time, agent, model, state } = row;
  return (
    role === "user" &&
    typeof id === "string" &&
    isPlainObject(time) &&
    isTime(time.created) &&
    haveTimes(time) &&
    state === undefined &&
    isTextOrNone(agent) &&
    (model === undefined || isModel(model))
  );
}

function isModel(model: unknown): boolean {
  return (
    isPlainObject(model) &&
    typeof model.providerID === "string" &&
    typeof model.modelID === "string" &&
    isTextOrNone(model.variant)
  );
}

function isAssistantInfo(row: Fields): row is Raw<AssistantInfo> {
  const { role, id, time, parentID, modelID, providerID, agent, mode, variant, finish, error, summary, state } = row;
  return (
    role === "assistant" &&
    typeof id === "string" &&
    isPlainObject(time) &&
    isTime(time.created) &&
    haveTimes(time) &&
    state === undefined &&
    error === undefined &&
    isTextOrNone(parentID) &&
    isTextOrNone(modelID) &&
    isTextOrNone(providerID) &&
    isTextOrNone(agent) &&
    isTextOrNone(mode) &&
    isTextOrNone(variant) &&
    isTextOrNone(finish) &&
    isFlagOrNone(summary)
  );
}

function isStepStart(row: Fields): row is Fields & StepStartPart {
  const { id, type, time, state } = row;
  return typeof id === "string" && type === "step-start" && time === undefined && state === undefined;
}

function isStepFinish(row: Fields): row is Raw<StepFinishPart> {
  const { id, type, reason, time, state } = row;
  return (
    typeof id === "string" &&
    type === "step-finish" &&
    isTextOrNone(reason) &&
    time === undefined &&
    state === undefined
  );
}

function isSpoken(row: Fields): row is Fields & (TextPart | ReasoningPart) {
  const { id, type, text, synthetic, ignored, time, state } = row;
  return (
    typeof id === "string" &&
    (type === "text" || type === "reasoning") &&
    typeof text === "string" &&
    isFlagOrNone(synthetic) &&
    isFlagOrNone(ignored) &&
    (time === undefined || (isPlainObject(time) && isTime(time.start) && haveTimes(time))) &&
    state === undefined
  );
}

function isTool(row: Fields): row is Fields & ToolPart {
  const { id, type, tool, callID, metadata, state, time } = row;
  return (
    typeof id === "string" &&
    type === "tool" &&
    typeof tool === "string" &&
    typeof callID === "string" &&
    isMetadataOrNone(metadata) &&
    time === undefined &&
    isPlainObject(state) &&
    isToolState(state)
  );
}

function isToolState({
  status,
  raw,
  title,
  output,
  error,
  metadata,
  time,
  attachments,
  timesUnknown,
}: Fields): boolean {
  if (status === "pending")
    return isTextOrNone(raw) && (time === undefined || (isPlainObject(time) && haveTimes(time)));
  if (!isPlainObject(time) || !isTime(time.start) || !haveTimes(time) || timesUnknown !== undefined) return false;
  if (!isMetadataOrNone(metadata)) return false;
  if (status === "running") return isTextOrNone(title);
  if (!isTime(time.end)) return false;
  if (status === "error") return isTextOrNone(error);
  return (
    status === "completed" &&
    isTextOrNone(output) &&
    isTextOrNone(title) &&
    isTimeOrNone(time.compacted) &&
    attachments === undefined
  );
}

function isMetadataOrNone(value: unknown): boolean {
  return value === undefined || isPlainObject(value);
}

/** Whether all that a span could be made of are times. */
export function haveTimes({ created, completed, start, end, streamed, ran }: Fields): boolean {
  return (
    isTimeOrNone(created) &&
    isTimeOrNone(completed) &&
    isTimeOrNone(start) &&
    isTimeOrNone(end) &&
    isTimeOrNone(streamed) &&
    isTimeOrNone(ran)
  );
}

/** Whether it is a time that a span can be made of. */
export function isTime(value: unknown): boolean {
  return typeof value === "number" && isSpanTime(value);
}

function isTimeOrNone(value: unknown): boolean {
  return value === undefined || isTime(value);
}

/** Whether a field that may be missing is a text. */
export function isTextOrNone(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

/** The same of a boolean. */
export function isFlagOrNone(value: unknown): boolean {
  return value === undefined || typeof value === "boolean";
}
