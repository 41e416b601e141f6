/**
 * Rows as opencode 2 writes them, told by hand: what a schema makes of such a row is known without one, and to load the
 * schemas takes longer than to read a session. Whatever is not just so is left to them.
 */
import type { z } from "zod";
import type { Fields } from "../../../text/json-fields.js";
import { isPlainObject } from "../../../text/json-shapes.js";
import { haveTimes, isFlagOrNone, isPlain, isTextOrNone, isTime } from "../../read/whole-rows.js";
import { tokensOf, usdOf } from "../../schema/tokens.js";
import type {
  assistantFields,
  IdleMessage,
  MessageContent,
  SessionInfoV2,
  UserMessageV2,
} from "../schema/session-export.js";
import { UNTOLD_VERSION } from "../schema/untold-version.js";

/** What an answer has beside its content. */
type AnswerFields = z.infer<typeof assistantFields>;

/** A session's own row; undefined where the schema is to read it. */
export function wholeSession2(row: Fields): SessionInfoV2 | undefined {
  const { cost, tokens, location } = row;
  if (!isPlain(row) || !isPlainObject(tokens) || !isPlainObject(location)) return undefined;
  const { directory } = location;
  const made: Fields = { ...row, cost: usdOf(cost), tokens: tokensOf(tokens), directory, version: UNTOLD_VERSION };
  return isSession(made) ? made : undefined;
}

function isSession(row: Fields): row is SessionInfoV2 {
  const { id, title, parentID, fork, projectID, agent, model, outcome, time, directory, state } = row;
  return (
    typeof id === "string" &&
    typeof title === "string" &&
    typeof directory === "string" &&
    [parentID, projectID, agent].every(isTextOrNone) &&
    (fork === undefined || (isPlainObject(fork) && typeof fork.sessionID === "string")) &&
    isModelOrNone(model) &&
    isOutcomeOrNone(outcome) &&
    isMade(time) &&
    isMoment(time.updated) &&
    isMoment(time.idle) &&
    state === undefined
  );
}

/** A prompt, or the mark of where a session went idle; undefined for all else, and where the schema is to read it. */
export function wholeMessage2(row: Fields): UserMessageV2 | IdleMessage | undefined {
  if (!isPlain(row)) return undefined;
  if (isIdle(row)) return row;
  // One with files is rare.
  const made: Fields = row.files === undefined ? { ...row, files: [] } : row;
  return isUser(made) ? made : undefined;
}

function isUser(row: Fields): row is UserMessageV2 {
  const { type, text, files } = row;
  return type === "user" && isMessage(row) && typeof text === "string" && Array.isArray(files) && files.length === 0;
}

function isIdle(row: Fields): row is IdleMessage {
  return row.type === "idle" && isMessage(row) && isOutcomeOrNone(row.outcome) && row.error === undefined;
}

/** What an answer has beside its content; undefined where the schema is to read it. */
export function wholeAnswer2(row: Fields): AnswerFields | undefined {
  const { snapshot, cost, tokens } = row;
  if (!isPlain(row) || !isPlainObject(tokens)) return undefined;
  const isWithoutFiles = isPlainObject(snapshot) && snapshot.files === undefined;
  const kept = isWithoutFiles ? { snapshot: { ...snapshot, files: [] } } : {};
  const made: Fields = { ...row, ...kept, cost: usdOf(cost), tokens: tokensOf(tokens) };
  return isAnswer(made) ? made : undefined;
}

function isAnswer(row: Fields): row is AnswerFields {
  const { type, agent, model, finish, rawFinish, error, retry, snapshot, time } = row;
  return (
    type === "assistant" &&
    isMessage(row) &&
    [agent, finish, rawFinish].every(isTextOrNone) &&
    isModelOrNone(model) &&
    error === undefined &&
    retry === undefined &&
    (snapshot === undefined || isSnapshot(snapshot)) &&
    isPlainObject(time) &&
    isMoment(time.streamed) &&
    isMoment(time.completed)
  );
}

function isSnapshot(value: unknown): boolean {
  if (!isPlainObject(value)) return false;
  const { start, end, files } = value;
  const areNames = Array.isArray(files) && files.every((file) => typeof file === "string");
  return isTextOrNone(start) && isTextOrNone(end) && areNames;
}

/**
 * One content of an answer; undefined where the schema is to read it.
 *
 * @param row a tool's as `toolRow` has put it right
 */
export function wholeContent2(row: Fields): MessageContent | undefined {
  if (!isPlain(row)) return undefined;
  if (row.type !== "tool") return isSpoken(row) ? row : undefined;
  const state = isPlainObject(row.state) ? row.state : {};
  const hasEnded = state.status === "completed" || state.status === "error";
  const isWithout = hasEnded && state.content === undefined;
  const made: Fields = isWithout ? { ...row, state: { ...state, content: [] } } : row;
  return isTool(made) ? made : undefined;
}

function isSpoken(row: Fields): row is Exclude<MessageContent, { readonly type: "tool" }> {
  const { type, text, time, state } = row;
  if (typeof text !== "string" || state !== undefined) return false;
  if (type === "text") return time === undefined;
  return type === "reasoning" && (time === undefined || (isMade(time) && isMoment(time.completed)));
}

function isTool(row: Fields): row is Extract<MessageContent, { readonly type: "tool" }> {
  const { type, id, name, executed, state, time } = row;
  return (
    type === "tool" &&
    typeof id === "string" &&
    typeof name === "string" &&
    isFlagOrNone(executed) &&
    isPlainObject(state) &&
    isToolState(state) &&
    isPlainObject(time) &&
    haveTimes(time) &&
    [time.created, time.ran, time.completed].every(isMoment)
  );
}

function isToolState({ status, metadata, content, error, time }: Fields): boolean {
  // That of a state no trace is made of, but what is no time is refused.
  if (time !== undefined) return false;
  if (status === "streaming") return true;
  if (metadata !== undefined && !isPlainObject(metadata)) return false;
  if (status === "running") return true;
  if (!Array.isArray(content) || !content.every(isText)) return false;
  return status === "completed" || (status === "error" && isToolError(error));
}

function isText(value: unknown): boolean {
  return isPlainObject(value) && value.type === "text" && typeof value.text === "string";
}

function isToolError(value: unknown): boolean {
  return isPlainObject(value) && isTextOrNone(value.type) && typeof value.message === "string";
}

/** What every message has. */
function isMessage({ id, metadata, time, state }: Fields): boolean {
  return (
    typeof id === "string" && (metadata === undefined || isPlainObject(metadata)) && isMade(time) && state === undefined
  );
}

function isMade(time: unknown): time is Fields {
  return isPlainObject(time) && isTime(time.created) && haveTimes(time);
}

function isMoment(value: unknown): boolean {
  return value === undefined || Number.isFinite(value);
}

function isModelOrNone(value: unknown): boolean {
  if (value === undefined) return true;
  if (!isPlainObject(value)) return false;
  return typeof value.id === "string" && typeof value.providerID === "string" && isTextOrNone(value.variant);
}

function isOutcomeOrNone(value: unknown): boolean {
  return value === undefined || value === "succeeded" || value === "failed" || value === "interrupted";
}
