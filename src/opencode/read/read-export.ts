import { InvalidExportError } from "../../errors/invalid-export-error.js";
import { type Fields, isFields } from "../../text/json-fields.js";
import type { SessionExport } from "../schema/exported-session.js";
import {
  assistantInfo,
  knownParts,
  type Message,
  type Part,
  type SessionExportV1,
  sessionInfo,
  type UnknownPart,
  unknownPart,
  userInfo,
} from "../schema/session-export.js";
import { isGeneration2, readGeneration2 } from "../v2/read/read-export.js";
import { findExport, unendedExport, withoutTerminalCodes } from "./find-export.js";
import { foreignJson, foreignText } from "./foreign-shapes.js";
import { identifiedRow, isWholeToolRow, timedRow, toolRow } from "./legacy-rows.js";
import { parseFields } from "./parse-fields.js";
import { wholeAssistantInfo, wholePart, wholeSessionInfo, wholeUserInfo } from "./whole-rows.js";

/**
 * Reads the text that `opencode export` wrote, or `opencode session export` of opencode 2, also where a shell has put
 * other text around it.
 *
 * @param text the whole export; a leading byte order mark is ignored
 * @param source what to call it in errors: a path, `-` for standard input, a session id
 * @returns the session; what this version does not know is kept and counted in `unread`
 * @throws {InvalidExportError} when the text is empty, holds no export or several, is cut off, or lacks something
 *   that a trace cannot be made without
 */
export function readExport(text: string, source: string): SessionExport {
  return exportFromJson(exportJson(text, source), source);
}

/**
 * The JSON of an export in a text, as `readExport` finds it.
 *
 * @throws {InvalidExportError} as `readExport`, but for what is missing in the export
 */
export function exportJson(text: string, source: string): unknown {
  const trimmed = text.replace(/^\uFEFF+/, "");
  if (trimmed.trim() === "") {
    throw new InvalidExportError(
      source,
      "the export is empty. opencode prints nothing when it does not know the session; `opencode session list` shows the ids.",
    );
  }
  try {
    return JSON.parse(trimmed);
  } catch (cause) {
    return exportWithin(trimmed, source, cause);
  }
}

/** The export in a text that is not all of it. @param cause why the whole is no JSON */
function exportWithin(text: string, source: string, cause: unknown): unknown {
  const plain = withoutTerminalCodes(text);
  const found = findExport(plain);
  if (found?.isOneOfSeveral) {
    throw new InvalidExportError(source, "several exports stand in it. Name each in a file of its own.");
  }
  if (found) return found.json;
  const problem = foreignText(text) ?? describeSyntaxError(text, plain, cause);
  throw new InvalidExportError(source, problem, { cause });
}

/**
 * The same for an export that is already parsed JSON, for instance from opencode's server.
 *
 * @throws {InvalidExportError} when something is missing that a trace needs
 */
export function exportFromJson(json: unknown, source: string): SessionExport {
  const foreign = isFields(json) && "info" in json && Array.isArray(json.messages) ? undefined : foreignJson(json);
  if (foreign !== undefined) throw new InvalidExportError(source, foreign);
  if (!isFields(json) || !("info" in json) || !("messages" in json)) {
    throw new InvalidExportError(
      source,
      'this is JSON, but not an opencode export: an export is an object with "info" and "messages". Make one with `opencode export <session> > file.json`, in opencode 2 with `opencode session export <session> > file.json`.',
    );
  }
  if (!Array.isArray(json.messages)) {
    throw new InvalidExportError(source, 'not an opencode export: "messages" is not a list.');
  }
  if (isGeneration2(json.info, json.messages)) return readGeneration2(json.info, json.messages, source);
  const near = aMomentOf(json.info, json.messages);
  // Looked at while each message is at hand: another walk through all of them takes half as long as this one.
  const ids = new AscendingIds();
  const messages = json.messages.map((raw: unknown, index) => {
    const message = messageFromJson(raw, source, index, near);
    if (typeof message !== "string") ids.take(message);
    return message;
  });
  return assembled(json.info, messages, ids.areAscending, source);
}

/**
 * Puts an export of 1.x together of messages that are read already.
 *
 * @param info the session's own, as opencode gives it
 * @param read what `messageFromJson` returned for each message
 * @throws {InvalidExportError} when something is missing that a trace needs, or an id stands there twice
 */
export function exportOfMessages(info: unknown, read: readonly (Message | string)[], source: string): SessionExportV1 {
  const ids = new AscendingIds();
  for (const message of read) if (typeof message !== "string") ids.take(message);
  return assembled(info, read, ids.areAscending, source);
}

/** @param areOnce whether it is known already that no id stands there twice */
function assembled(
  info: unknown,
  read: readonly (Message | string)[],
  areOnce: boolean,
  source: string,
): SessionExportV1 {
  const partTypes = new Map<string, number>();
  const roles = new Map<string, number>();
  const messages: Message[] = [];
  for (const message of read) {
    if (typeof message === "string") {
      count(roles, message);
      continue;
    }
    messages.push(message);
    for (const { type } of message.unknownParts) count(partTypes, type);
  }
  if (!areOnce) refuseRepeatedIds(messages, source);
  return {
    generation: 1,
    info: sessionInfoOf(sessionRow(info, messages), source),
    messages,
    unread: { partTypes: Object.fromEntries(partTypes), roles: Object.fromEntries(roles) },
  };
}

function sessionInfoOf(row: unknown, source: string): SessionExportV1["info"] {
  return (isFields(row) ? wholeSessionInfo(row) : undefined) ?? parseFields(sessionInfo, row, source, "info");
}

/** A time of the session, ms since the epoch: what ids tell is only known near one. */
function aMomentOf(info: unknown, messages: readonly unknown[]): number | undefined {
  const own = momentIn(info);
  if (own !== undefined) return own;
  for (const raw of messages) {
    const moment = isFields(raw) ? momentIn(raw.info) : undefined;
    if (moment !== undefined) return moment;
  }
  return undefined;
}

function momentIn(row: unknown): number | undefined {
  const time = isFields(row) && isFields(row.time) ? row.time : {};
  const moment = time.created ?? time.completed ?? time.updated;
  return typeof moment === "number" ? moment : undefined;
}

/** Each message says which session it is of, and none was made before it. */
function sessionRow(info: unknown, [first]: readonly Message[]): unknown {
  if (!isFields(info) || !first || isTimed(info)) return info;
  const id = typeof info.id === "string" ? info.id : first.info.sessionID;
  return timedRow(
    { ...info, id, time: { created: first.info.time.created, ...withoutOtherTypes(info.time) } },
    first.info.time.created,
  );
}

/** Whether it has all that follows from its messages, and no times that are none. */
function isTimed({ id, time }: Fields): boolean {
  return (
    typeof id === "string" &&
    isFields(time) &&
    typeof time.created === "number" &&
    Object.values(time).every((at) => typeof at === "number")
  );
}

function withoutOtherTypes(time: unknown): Record<string, unknown> {
  if (!isFields(time)) return {};
  return Object.fromEntries(Object.entries(time).filter(([, at]) => typeof at === "number"));
}

/**
 * opencode's ids are keys of its database. Spans get theirs from them, and of two with the same id one would be lost.
 */
function refuseRepeatedIds(messages: readonly Message[], source: string): void {
  const seen = new Set<string>();
  for (const { info, parts, unknownParts } of messages) {
    for (const { id } of [info, ...parts, ...unknownParts]) {
      if (seen.has(id)) {
        throw new InvalidExportError(
          source,
          `the id ${id} stands there twice. opencode writes each message and part once; export the session anew.`,
        );
      }
      seen.add(id);
    }
  }
}

/**
 * Whether all ids ascend, as opencode mints them: then none can stand there twice, and they need not all be remembered.
 * Those of messages and of parts are never the same, since each kind has a prefix of its own.
 */
class AscendingIds {
  areAscending = true;
  #message = "msg_";
  #part = "prt_";

  /** The session's next message. */
  take({ info, parts, unknownParts }: Message): void {
    if (!this.areAscending) return;
    this.areAscending = unknownParts.length === 0 && info.id.startsWith("msg_") && info.id > this.#message;
    this.#message = info.id;
    let last = this.#part;
    for (const { id } of parts) {
      if (!id.startsWith("prt_") || id <= last) this.areAscending = false;
      last = id;
    }
    this.#part = last;
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/**
 * Reads one message of 1.x with its parts.
 *
 * @param place where it stands, for errors: a path, or its place among the session's messages
 * @param near a time of its session, ms since the epoch, for a message that has none itself
 * @returns the role's name when it is one that looptrace does not know
 * @throws {InvalidExportError} when something is missing that a trace cannot be made without
 */
export function messageFromJson(raw: unknown, source: string, place: string | number, near?: number): Message | string {
  const path = (): string => (typeof place === "number" ? `messages[${place}]` : place);
  if (!isFields(raw) || !isFields(raw.info)) {
    throw new InvalidExportError(source, `not an opencode export: ${path()} has no "info".`);
  }
  const rawInfo = timedRow(raw.info, near);
  const where = (): string => (typeof rawInfo.id === "string" ? `${path()} (${rawInfo.id})` : path());
  const role = rawInfo.role;
  if (typeof role !== "string") throw new InvalidExportError(source, `${where()}.info.role is missing.`);
  if (role !== "user" && role !== "assistant") return role;
  const rawParts = raw.parts;
  if (!Array.isArray(rawParts)) throw new InvalidExportError(source, `${where()}.parts is not a list.`);
  const info =
    role === "user"
      ? (wholeUserInfo(rawInfo) ?? parseFields(userInfo, rawInfo, source, `${where()}.info`))
      : (wholeAssistantInfo(rawInfo) ?? parseFields(assistantInfo, rawInfo, source, `${where()}.info`));

  const whole = rawParts.map(wholeOf);
  // A list of its own length: those that grow have room to spare, and there are tens of thousands.
  if (areAll(whole)) {
    const unknownParts = NOTHING_UNKNOWN;
    return info.role === "user" ? { info, parts: whole, unknownParts } : { info, parts: whole, unknownParts };
  }
  const parts: Part[] = [];
  const unknownParts: UnknownPart[] = [];
  rawParts.forEach((rawPart: unknown, index) => {
    const known = whole[index];
    if (known) {
      parts.push(known);
      return;
    }
    const partPath = `${where()}.parts[${index}]`;
    const row = isFields(rawPart) ? identifiedRow(rawPart, `${info.id}/${index}`) : undefined;
    if (!row) {
      unknownParts.push(parseFields(unknownPart, rawPart, source, partPath));
    } else if (typeof row.type !== "string") {
      unknownParts.push(parseFields(unknownPart, { ...row, type: NO_TYPE }, source, partPath));
    } else if (row.type === "tool") {
      const { created } = info.time;
      const completed = info.role === "assistant" ? info.time.completed : undefined;
      const tool = isWholeToolRow(row) ? row : toolRow(row, { created, completed });
      parts.push(parseFields(knownParts.tool, tool, source, partPath));
    } else if (isKnownType(row.type) && !isUntold(row)) {
      parts.push(parseFields(knownParts[row.type], row, source, partPath));
    } else {
      unknownParts.push(parseFields(unknownPart, row, source, partPath));
    }
  });
  return info.role === "user" ? { info, parts, unknownParts } : { info, parts, unknownParts };
}

/** One for all: nearly all messages have none. */
const NOTHING_UNKNOWN: readonly UnknownPart[] = [];

/** A part that no schema has to read; undefined: one has. */
function wholeOf(raw: unknown): Part | undefined {
  return isFields(raw) && isWholeRow(raw) ? wholePart(raw) : undefined;
}

function areAll(parts: readonly (Part | undefined)[]): parts is readonly Part[] {
  for (const part of parts) if (!part) return false;
  return true;
}

/** A tool's row can lack what follows from the rest of it. */
function isWholeRow(row: Fields): boolean {
  return row.type !== "tool" || isWholeToolRow(row);
}

/** A text or a thinking that does not say what it says is unknown, and no reason to refuse all else. */
function isUntold({ type, text }: Fields): boolean {
  return (type === "text" || type === "reasoning") && typeof text !== "string";
}

/** How parts without a type are counted. */
const NO_TYPE = "(none)";

function isKnownType(type: string): type is keyof typeof knownParts {
  return Object.hasOwn(knownParts, type);
}

/** @param plain the text without what a terminal would not show */
function describeSyntaxError(text: string, plain: string, cause: unknown): string {
  if (unendedExport(plain) !== undefined) return cutOff(text);
  const start = plain.trimStart()[0];
  if (start !== "{") {
    return `this is not JSON (it starts with ${JSON.stringify(text.trimStart().slice(0, 20))}), so not an opencode export.`;
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  // A parser that stumbles where the text ends was still waiting for more.
  const stumbled = Number(/at position (\d+)/.exec(message)?.[1]);
  if (message.includes("end of JSON input") || stumbled >= text.trimEnd().length) return cutOff(text);
  return `this is not valid JSON: ${message}.`;
}

function cutOff(text: string): string {
  return `the JSON is cut off after ${text.length} characters. opencode loses the end of an export that goes into a pipe, often all behind the first 64 KiB; write it to a file instead: \`opencode export <session> > file.json\`.`;
}
