import { InvalidExportError } from "../../../errors/invalid-export-error.js";
import { oneLine } from "../../../text/bounded-text.js";
import { type Fields, isFields } from "../../../text/json-fields.js";
import { parseFields } from "../../read/parse-fields.js";
import {
  type AssistantMessageV2,
  assistantFields,
  knownContents,
  knownMessages,
  type MessageContent,
  type MessageV2,
  type SessionExportV2,
  sessionFields,
  type UnknownContent,
  type UnknownMessage,
  unknownContent,
  unknownMessage,
} from "../schema/session-export.js";
import { toolRow } from "./tool-row.js";
import { wholeAnswer2, wholeContent2, wholeMessage2, wholeSession2 } from "./whole-rows.js";

/**
 * Whether `{ info, messages }` is an export of opencode 2: its messages have their type at the top, while those of
 * 1.x are `{ info, parts }`; and its session's folder stands in `info.location`.
 */
export function isGeneration2(info: unknown, messages: readonly unknown[]): boolean {
  const isOld = messages.some((message) => isFields(message) && isFields(message.info));
  const isNew = messages.some((message) => isFields(message) && typeof message.type === "string");
  if (isOld || isNew) return !isOld;
  return isFields(info) && isFields(info.location) && !("version" in info) && !("directory" in info);
}

/**
 * Reads an export of opencode 2.
 *
 * @param source what to call it in errors
 * @returns the session; what this version does not know is kept and counted in `unread`
 * @throws {InvalidExportError} when something is missing that a trace needs, or an id stands there twice
 */
export function readGeneration2(info: unknown, rows: readonly unknown[], source: string): SessionExportV2 {
  const messages: MessageV2[] = [];
  const unknownMessages: UnknownMessage[] = [];
  rows.forEach((row, index) => {
    const path = `messages[${index}]`;
    if (!isFields(row)) throw new InvalidExportError(source, `${path} is no message, but ${kindOf(row)}.`);
    const where = typeof row.id === "string" ? `${path} (${row.id})` : path;
    const whole = wholeMessage2(row);
    if (whole) messages.push(whole);
    else if (row.type === "assistant") messages.push(assistantMessage(row, source, where));
    else if (isKnownMessage(row.type)) messages.push(parseFields(knownMessages[row.type], row, source, where));
    else unknownMessages.push(unread(unknownMessage, row));
  });
  refuseRepeatedIds(messages, source);
  return {
    generation: 2,
    info: sessionInfo(sessionRow(info, messages), source),
    messages,
    unknownMessages,
    unread: {
      messageTypes: counted(unknownMessages),
      contentTypes: counted(
        messages.flatMap((message) => (message.type === "assistant" ? message.unknownContent : [])),
      ),
    },
  };
}

function sessionInfo(row: unknown, source: string): SessionExportV2["info"] {
  return (isFields(row) ? wholeSession2(row) : undefined) ?? parseFields(sessionFields, row, source, "info");
}

/** A value that is no object; in few words, since it may be long, or too deep to be written out. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "string" ? `the text "${oneLine(value, 40)}"` : String(value);
}

function assistantMessage(row: Fields, source: string, where: string): AssistantMessageV2 {
  const { content: items, ...fields } = row;
  if (!Array.isArray(items)) throw new InvalidExportError(source, `${where}.content is not a list.`);
  const content: MessageContent[] = [];
  const unknown: UnknownContent[] = [];
  const message = wholeAnswer2(fields) ?? parseFields(assistantFields, fields, source, where);
  items.forEach((item: unknown, index) => {
    const path = `${where}.content[${index}]`;
    const row = isFields(item) && item.type === "tool" ? toolRow(item, `${message.id}/${index}`) : item;
    const whole = isFields(row) ? wholeContent2(row) : undefined;
    if (whole) content.push(whole);
    else if (!isFields(item)) unknown.push({ type: NO_TYPE, value: item });
    else if (item.type === "tool") content.push(parseFields(knownContents.tool, row, source, path));
    else if (item.type === "text" || item.type === "reasoning")
      content.push(parseFields(knownContents[item.type], item, source, path));
    else unknown.push(unread(unknownContent, item));
  });
  return { ...message, content, unknownContent: unknown };
}

/** How what has no type is counted. */
const NO_TYPE = "(none)";

function unread<S extends typeof unknownMessage>(schema: S, row: Fields): UnknownMessage {
  return schema.parse({ ...row, type: typeof row.type === "string" ? row.type : NO_TYPE });
}

function isKnownMessage(type: unknown): type is keyof typeof knownMessages {
  return typeof type === "string" && Object.hasOwn(knownMessages, type);
}

/** A session is made before its messages. */
function sessionRow(info: unknown, [first]: readonly MessageV2[]): unknown {
  if (!isFields(info) || !first) return info;
  const time = isFields(info.time) ? info.time : {};
  return typeof time.created === "number" ? info : { ...info, time: { ...time, created: first.time.created } };
}

/** Spans get their ids from those of messages, and of two with the same id one would be lost. */
function refuseRepeatedIds(messages: readonly MessageV2[], source: string): void {
  const seen = new Set<string>();
  for (const { id } of messages) {
    if (seen.has(id)) {
      throw new InvalidExportError(
        source,
        `the id ${id} stands there twice. opencode writes each message once; export the session anew.`,
      );
    }
    seen.add(id);
  }
}

function counted(items: readonly { readonly type: string }[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { type } of items) counts.set(type, (counts.get(type) ?? 0) + 1);
  return Object.fromEntries(counts);
}
