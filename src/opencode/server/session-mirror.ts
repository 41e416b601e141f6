import { assembleSessions } from "../read/assemble-sessions.js";
import { exportOfMessages, messageFromJson } from "../read/read-export.js";
import type { SessionTree } from "../schema/exported-session.js";
import {
  type RawMessageInfo,
  type RawPart,
  type RawSession,
  type ServerEvent,
  type SessionStatus,
  sessionIdOf,
} from "../schema/server-event.js";
import type { Message, SessionExportV1 } from "../schema/session-export.js";
import { isOutdated, isOutdatedMessage, isOutdatedSession } from "./outdated.js";

/**
 * A message with its parts, these in the order of their ids; messages stand in the order of their times, as the server
 * has them: a prompt's id may be its client's, by a clock of its own.
 */
export interface MirroredMessage {
  readonly info: RawMessageInfo;
  readonly parts: readonly RawPart[];
}

export interface MirroredSession {
  readonly info: RawSession;
  readonly messages: readonly MirroredMessage[];
  readonly status: SessionStatus;
}

/**
 * Sessions of a server as its events tell them, by their ids: values that are never changed, so that what is computed
 * of them holds as long as they are the same.
 */
export type Mirror = ReadonlyMap<string, MirroredSession>;

export const emptyMirror: Mirror = new Map();

const IDLE: SessionStatus = { type: "idle" };

/**
 * The mirror after an event. What an event tells of a session or message that is not mirrored is left out: it is to be
 * read from the server first, see {@link withSession}. What is older than what is there changes nothing.
 */
export function applyEvent(mirror: Mirror, event: ServerEvent): Mirror {
  switch (event.type) {
    case "session.created":
    case "session.updated": {
      const { info } = event.properties;
      const known = mirror.get(info.id);
      if (!known && event.type === "session.updated") return mirror;
      if (known && isOutdatedSession(info, known.info)) return mirror;
      return withOne(mirror, { messages: [], status: IDLE, ...known, info });
    }
    case "session.deleted": {
      const rest = new Map(mirror);
      return rest.delete(event.properties.info.id) ? rest : mirror;
    }
    case "session.status":
      return changed(mirror, event.properties.sessionID, (session) => ({
        ...session,
        status: event.properties.status,
      }));
    case "session.idle":
      return changed(mirror, event.properties.sessionID, (session) => ({ ...session, status: IDLE }));
    case "message.updated": {
      const { info } = event.properties;
      const sessionID = sessionIdOf(event);
      return changed(mirror, sessionID, (session) => {
        const messages = putMessage(session.messages, info);
        return messages === session.messages ? session : { ...session, messages };
      });
    }
    case "message.removed": {
      const { sessionID, messageID } = event.properties;
      return changed(mirror, sessionID, (session) => ({
        ...session,
        messages: session.messages.filter(({ info }) => info.id !== messageID),
      }));
    }
    case "message.part.updated": {
      const { part } = event.properties;
      const sessionID = sessionIdOf(event);
      return changedMessage(mirror, sessionID, part.messageID, (parts) => putPart(parts, part));
    }
    case "message.part.removed": {
      const { sessionID, messageID, partID } = event.properties;
      return changedMessage(mirror, sessionID, messageID, (parts) => parts.filter(({ id }) => id !== partID));
    }
    case "message.part.delta": {
      const { sessionID, messageID, partID, field, delta } = event.properties;
      return changedMessage(mirror, sessionID, messageID, (parts) => {
        const at = placeOf(parts, partID);
        const part = parts[at];
        const before = part?.id === partID ? part[field] : undefined;
        if (part === undefined || typeof before !== "string") return parts;
        return parts.with(at, { ...part, [field]: before + delta });
      });
    }
    default:
      return mirror;
  }
}

/**
 * The mirror with a session as it was read from the server. Of a message that both have, a part that is further already
 * stays as it is.
 *
 * @param read `{ info, messages }` as the server gives them
 * @param status undefined leaves it as it is
 */
export function withSession(
  mirror: Mirror,
  read: Pick<MirroredSession, "info" | "messages">,
  status?: SessionStatus,
): Mirror {
  const known = mirror.get(read.info.id);
  const knownMessages = new Map(known?.messages.map((message) => [message.info.id, message]));
  const messages = read.messages.map((message): MirroredMessage => {
    const earlier = knownMessages.get(message.info.id);
    if (!earlier) return message;
    const parts = new Map(earlier.parts.map((part) => [part.id, part]));
    return {
      info: isOutdatedMessage(message.info, earlier.info) ? earlier.info : message.info,
      parts: message.parts.map((part) => {
        const before = parts.get(part.id);
        return before && (isOutdated(part, before) || isShorter(part, before)) ? before : part;
      }),
    };
  });
  return withOne(mirror, { info: read.info, messages, status: status ?? known?.status ?? IDLE });
}

/** The mirror without some sessions. */
export function withoutSessions(mirror: Mirror, ids: ReadonlySet<string>): Mirror {
  return new Map([...mirror].filter(([id]) => !ids.has(id)));
}

/** The session that a session is a subagent of, however deep; itself when it is none. */
export function rootOf(mirror: Mirror, id: string): string {
  const seen = new Set<string>();
  let root = id;
  for (;;) {
    seen.add(root);
    const parent = mirror.get(root)?.info.parentID;
    if (parent === undefined || parent === null || seen.has(parent)) return root;
    root = parent;
  }
}

/**
 * The export of a mirrored session, equal to what the server would give: only messages that are new are read.
 *
 * @returns undefined when it is not mirrored
 * @throws {InvalidExportError} when what the server told lacks something that a trace needs
 */
export function exportOf(mirror: Mirror, id: string): SessionExportV1 | undefined {
  const session = mirror.get(id);
  if (!session) return undefined;
  const known = exports.get(session);
  if (known) return known;
  const read = session.messages.map((message) => readOnce(message, id));
  const made = exportOfMessages(session.info, read, id);
  exports.set(session, made);
  return made;
}

/** The same with the mirrored sessions of its subagents. */
export function treeOf(mirror: Mirror, rootId: string): SessionTree | undefined {
  const sessions = familyOf(mirror, rootId).flatMap((id) => exportOf(mirror, id) ?? []);
  return assembleSessions(sessions).find(({ session }) => session.info.id === rootId);
}

/** The exports of a session and of its subagents as opencode would write them, by session id; the root first. */
export function rawExports(mirror: Mirror, rootId: string): ReadonlyMap<string, string> {
  return new Map(
    familyOf(mirror, rootId).flatMap((id) => {
      const session = mirror.get(id);
      return session ? [[id, `${JSON.stringify({ info: session.info, messages: session.messages }, null, 2)}\n`]] : [];
    }),
  );
}

/** A session and its subagents, as far as they are mirrored; the root first. */
export function familyOf(mirror: Mirror, rootId: string): readonly string[] {
  const below = [...mirror.keys()].filter((id) => id !== rootId && rootOf(mirror, id) === rootId);
  return [rootId, ...below];
}

/** What was computed of values that are still the same. */
const exports = new WeakMap<MirroredSession, SessionExportV1>();
const messages = new WeakMap<MirroredMessage, Message | string>();

function readOnce(message: MirroredMessage, source: string): Message | string {
  const known = messages.get(message);
  if (known !== undefined) return known;
  const read = messageFromJson(message, source, "messages[]");
  messages.set(message, read);
  return read;
}

function withOne(mirror: Mirror, session: MirroredSession): Mirror {
  return new Map(mirror).set(session.info.id, session);
}

function changed(
  mirror: Mirror,
  id: string | undefined,
  change: (session: MirroredSession) => MirroredSession,
): Mirror {
  const session = id === undefined ? undefined : mirror.get(id);
  const after = session && change(session);
  return after && after !== session ? withOne(mirror, after) : mirror;
}

function changedMessage(
  mirror: Mirror,
  sessionId: string | undefined,
  messageId: string,
  change: (parts: readonly RawPart[]) => readonly RawPart[],
): Mirror {
  return changed(mirror, sessionId, (session) => {
    // Nearly always it is one of the last.
    const at = session.messages.findLastIndex(({ info }) => info.id === messageId);
    const message = session.messages[at];
    if (!message) return session;
    const parts = change(message.parts);
    if (parts === message.parts) return session;
    return { ...session, messages: session.messages.with(at, { ...message, parts }) };
  });
}

function putMessage(all: readonly MirroredMessage[], info: RawMessageInfo): readonly MirroredMessage[] {
  const at = all.findLastIndex((message) => message.info.id === info.id);
  const known = all[at];
  if (known) return isOutdatedMessage(info, known.info) ? all : all.with(at, { ...known, info });
  const before = all.findLastIndex((message) => isBefore(message.info, info));
  return all.toSpliced(before + 1, 0, { info, parts: [] });
}

/** By when they were created, as the server orders them; of those of one moment by their ids. */
export function isBefore(one: RawMessageInfo, other: RawMessageInfo): boolean {
  const [first, second] = [createdAt(one), createdAt(other)];
  return first === second ? one.id < other.id : first < second;
}

/** ms since the epoch; a message that does not tell is the newest. */
function createdAt({ time }: RawMessageInfo): number {
  if (typeof time !== "object" || time === null || !("created" in time)) return Number.POSITIVE_INFINITY;
  return typeof time.created === "number" ? time.created : Number.POSITIVE_INFINITY;
}

function putPart(all: readonly RawPart[], part: RawPart): readonly RawPart[] {
  const at = placeOf(all, part.id);
  const known = all[at];
  if (known?.id !== part.id) return all.toSpliced(at, 0, part);
  return isOutdated(part, known) ? all : all.with(at, part);
}

/** Where a part's id stands, or would stand: they ascend, and what is new is nearly always the last. */
function placeOf(parts: readonly RawPart[], id: string): number {
  let at = parts.length;
  for (; at > 0; at -= 1) {
    const before = parts[at - 1];
    if (before === undefined || before.id < id) return at;
    if (before.id === id) return at - 1;
  }
  return at;
}

/** The server stores a text when it is complete; of one that is streaming the events have told more. */
function isShorter(part: RawPart, known: RawPart): boolean {
  const [text, before] = [textOf(part.text), textOf(known.text)];
  return text !== undefined && before !== undefined && text.length < before.length && before.startsWith(text);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
