import type { z } from "zod";
import { isTooDeep, mayBeTooDeep } from "../../text/json-depth.js";
import { fieldsOf } from "../../text/json-fields.js";
import { idTime } from "./ids.js";
import {
  type rawMessage,
  type rawPart,
  type rawSession,
  serverEvent,
  type sessionStatus,
} from "./server-event-schema.js";
import { isRead, wholeEvent } from "./whole-event.js";

/** An event, and when the server made it, ms since the epoch. */
export type ServerEvent = z.infer<typeof serverEvent> & {
  readonly at: number;
  /** How many characters of JSON told it. */
  readonly size?: number;
};
export type SessionStatus = z.infer<typeof sessionStatus>;
/** A session, message or part as the server gave it, not yet read. */
export type RawSession = z.infer<typeof rawSession>;
export type RawMessageInfo = z.infer<typeof rawMessage>;
export type RawPart = z.infer<typeof rawPart>;

/** What stands in one `data:` of an event stream. */
export interface SentEvent {
  /** `server.connected`, `server.heartbeat`, one of {@link ServerEvent}'s, or something else. */
  readonly type: string;
  /** The project's directory, which only the stream of all directories tells; not told of what is not read. */
  readonly directory?: string | undefined;
  /** undefined for what looptrace does not read, and for what is not as it should be. */
  readonly event?: ServerEvent | undefined;
  /** Whether the event says itself when it was made. */
  readonly isDated?: boolean | undefined;
}

/**
 * Where an event says of what type it is, as opencode writes it: at the beginning. Before that stand texts only, so
 * that nothing which a tool or a model has written can be taken for it.
 */
const TYPE_AHEAD =
  /^\{(?:"(?:directory|project|workspace)":"(?:[^"\\]|\\.){0,4096}",){0,3}(?:"payload":\{)?(?:"id":"[^"\\]{0,100}",)?"type":"([^"\\]{0,100})"/;

/**
 * Reads one event of `/event`, or of `/global/event`, which wraps them.
 *
 * @param text the JSON behind `data:`
 * @param receivedAt ms since the epoch; the event's time where its id does not tell it
 * @returns undefined when the text is no event at all
 */
export function readServerEvent(text: string, receivedAt: number): SentEvent | undefined {
  // All but pieces of texts opencode sends a second time, as `sync`, and much else that is nothing to looptrace.
  const ahead = TYPE_AHEAD.exec(text)?.[1];
  if (ahead !== undefined && !isRead(ahead)) return { type: ahead };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  // It goes through recursions from here on.
  if (mayBeTooDeep(text) && isTooDeep(json)) return undefined;
  const { directory, payload: inside } = fieldsOf(json);
  const isWrapped = typeof fieldsOf(inside).type === "string" && isTextOrMissing(directory);
  const payload = fieldsOf(isWrapped ? inside : json);
  const { type } = payload;
  if (typeof type !== "string") return undefined;
  const read = isRead(type) ? (wholeEvent(payload) ?? serverEvent.safeParse(payload).data) : undefined;
  const madeAt = (read?.id && idTime(read.id, receivedAt)) || undefined;
  return {
    type,
    directory: isWrapped ? textOf(directory) : undefined,
    event: read && { ...read, at: madeAt ?? receivedAt, size: text.length },
    isDated: madeAt !== undefined,
  };
}

function isTextOrMissing(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

/** The session that an event is about. Newer versions name it beside what they tell, older ones only in it. */
export function sessionIdOf(event: ServerEvent): string | undefined {
  switch (event.type) {
    case "session.created":
    case "session.updated":
    case "session.deleted":
      return event.properties.info.id;
    case "message.updated":
      return event.properties.sessionID ?? textOf(event.properties.info.sessionID);
    case "message.part.updated":
      return event.properties.sessionID ?? textOf(event.properties.part.sessionID);
    default:
      return event.properties.sessionID;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
