/** The events of an opencode server that looptrace reads, for opencode 1.15 to 1.18; all others are nothing to it. */
import { z } from "zod";
import { isTooDeep, mayBeTooDeep } from "../../text/json-depth.js";
import { fieldsOf } from "../../text/json-fields.js";
import { idTime } from "./ids.js";

const ofSession = { sessionID: z.string() };

/** Session, message and part as the server gives them: read where they are used, kept as they came. */
const identified = { id: z.string() };
const rawSession = z.looseObject({ ...identified, parentID: z.string().nullish() });
const rawMessage = z.looseObject({ ...identified, role: z.string() });
const rawPart = z.looseObject({ ...identified, type: z.string(), messageID: z.string() });

const sessionStatus = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("busy") }),
  z.looseObject({ type: z.literal("idle") }),
  z.looseObject({
    type: z.literal("retry"),
    /** From 1. */
    attempt: z.number(),
    message: z.string(),
    /** When opencode asks again, ms since the epoch. */
    next: z.number(),
  }),
]);

const answer = z.enum(["once", "always", "reject"]);

const serverEvent = z.discriminatedUnion("type", [
  event("session.created", { info: rawSession }),
  event("session.updated", { info: rawSession }),
  event("session.deleted", { info: rawSession }),
  event("session.status", { ...ofSession, status: sessionStatus }),
  event("session.idle", ofSession),
  event("session.error", {
    sessionID: z.string().optional(),
    error: z.looseObject({ name: z.string(), data: z.unknown().optional() }).optional(),
  }),
  event("message.updated", { sessionID: z.string().optional(), info: rawMessage }),
  event("message.removed", { ...ofSession, messageID: z.string() }),
  event("message.part.updated", {
    sessionID: z.string().optional(),
    part: rawPart,
    time: z.number().optional(),
  }),
  event("message.part.removed", { ...ofSession, messageID: z.string(), partID: z.string() }),
  event("message.part.delta", {
    ...ofSession,
    messageID: z.string(),
    partID: z.string(),
    /** The part's field that grows, such as `text`. */
    field: z.string(),
    delta: z.string(),
  }),
  event("permission.asked", {
    ...ofSession,
    id: z.string(),
    permission: z.string(),
    patterns: z.array(z.string()).default([]),
    /** What the answer `always` would allow: patterns with `*` and `?`. */
    always: z.array(z.string()).default([]),
    tool: z.looseObject({ messageID: z.string(), callID: z.string() }).optional(),
  }),
  event("permission.replied", { ...ofSession, requestID: z.string(), reply: answer }),
  event("question.asked", { ...ofSession, id: z.string() }),
  event("question.replied", { ...ofSession, requestID: z.string() }),
  event("question.rejected", { ...ofSession, requestID: z.string() }),
]);

function event<Type extends string, Shape extends z.ZodRawShape>(type: Type, properties: Shape) {
  return z.object({
    id: z.string().optional(),
    type: z.literal(type),
    properties: z.looseObject(properties),
  });
}

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

/** The types that are read. */
const READ: ReadonlySet<string> = new Set(serverEvent.options.map(({ shape }) => shape.type.value));

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
  if (ahead !== undefined && !READ.has(ahead)) return { type: ahead };
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
  const read = deltaOf(payload) ?? serverEvent.safeParse(payload).data;
  const madeAt = (read?.id && idTime(read.id, receivedAt)) || undefined;
  return {
    type,
    directory: isWrapped ? textOf(directory) : undefined,
    event: read && { ...read, at: madeAt ?? receivedAt, size: text.length },
    isDated: madeAt !== undefined,
  };
}

/**
 * A piece of a text that grows, told by hand: a server that works sends hundreds a second, and the schema takes longer
 * than all else that is done with one. What is anything else is left to the schema.
 */
function deltaOf({ id, type, properties }: Readonly<Record<string, unknown>>): z.infer<typeof serverEvent> | undefined {
  if (type !== "message.part.delta" || !isTextOrMissing(id)) return undefined;
  const fields = fieldsOf(properties);
  const { sessionID, messageID, partID, field, delta } = fields;
  const areTexts =
    typeof sessionID === "string" &&
    typeof messageID === "string" &&
    typeof partID === "string" &&
    typeof field === "string" &&
    typeof delta === "string";
  if (!areTexts) return undefined;
  return {
    ...(id === undefined ? {} : { id }),
    type,
    properties: { ...fields, sessionID, messageID, partID, field, delta },
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
