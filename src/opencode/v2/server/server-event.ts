import type { z } from "zod";
import { isTooDeep, mayBeTooDeep } from "../../../text/json-depth.js";
import { type Fields, isFields } from "../../../text/json-fields.js";
import { idTime } from "../../schema/ids.js";
import { anyEvent2, serverEvent2 } from "./server-event-schema.js";
import { isRead2, wholeEvent2 } from "./whole-event.js";

/** An event, and when the server made it, ms since the epoch. */
export type ServerEvent2 = z.infer<typeof serverEvent2> & {
  readonly at: number;
  /** How many characters of JSON told it. */
  readonly size: number;
};

/** What stands in one `data:` of an event stream. */
export interface SentEvent2 {
  readonly type: string;
  /** The project's directory, where the event has one. */
  readonly directory?: string | undefined;
  /** undefined for what looptrace does not read, and for what is not as it should be. */
  readonly event?: ServerEvent2 | undefined;
  /** Whether the event says itself when it was made. */
  readonly isDated?: boolean | undefined;
}

/**
 * Reads one event of `/api/event`; what the builds before 2.0 called otherwise is read as well.
 *
 * @param text the JSON behind `data:`
 * @param receivedAt ms since the epoch; the event's time where it does not tell it
 * @returns undefined when the text is no event at all
 */
export function readServerEvent2(text: string, receivedAt: number): SentEvent2 | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  // It goes through recursions from here on.
  if (mayBeTooDeep(text) && isTooDeep(json)) return undefined;
  const sent = sentEvent(json);
  if (!sent) return undefined;
  const renamed = inNewWords(sent);
  const read = isRead2(renamed.type) ? (wholeEvent2(renamed) ?? serverEvent2.safeParse(renamed).data) : undefined;
  if (!read) return { type: sent.type };
  const madeAt = read.created ?? ((read.id && idTime(read.id, receivedAt)) || undefined);
  const event = { ...read, at: madeAt ?? receivedAt, size: text.length };
  return { type: read.type, directory: read.location?.directory, event, isDated: madeAt !== undefined };
}

/** The session that an event is about. */
export function sessionIdOf2(event: ServerEvent2): string {
  return event.type === "form.created" ? event.data.form.sessionID : event.data.sessionID;
}

const RENAMED: ReadonlyMap<string, string> = new Map([
  ["session.input.admitted", "session.inbox.enqueued"],
  ["session.input.promoted", "session.inbox.delivered"],
  ["permission.v2.asked", "permission.asked"],
  ["permission.v2.replied", "permission.replied"],
]);

interface Sent extends Fields {
  readonly type: string;
  readonly data: Fields;
}

/** What JSON calls `__proto__` is no field of a schema's: such an event is left to one. */
function sentEvent(json: unknown): Sent | undefined {
  if (!isFields(json)) return undefined;
  const { type, data = {} } = json;
  const isPlain =
    typeof type === "string" && isFields(data) && ![json, data].some((one) => Object.hasOwn(one, "__proto__"));
  return isPlain ? { ...json, type, data } : anyEvent2.safeParse(json).data;
}

/** As 2.0.26 would say what a build before 2.0 says. */
function inNewWords(sent: Sent): Sent {
  const type = RENAMED.get(sent.type) ?? sent.type;
  const data: Record<string, unknown> = { ...sent.data };
  const rename = (from: string, to: string): void => {
    if (data[from] !== undefined && data[to] === undefined) data[to] = data[from];
    delete data[from];
  };
  if (type.startsWith("session.tool.")) {
    rename("callID", "id");
    rename("structured", "metadata");
    delete data.result;
    if (Array.isArray(data.content) && data.content.length === 0) delete data.content;
  } else if (type.startsWith("session.inbox.")) {
    rename("inputID", "inboxID");
    rename("input", "item");
    if (isFields(data.item) && isFields(data.item.data)) {
      const { data: payload, ...item } = data.item;
      data.item = { ...item, payload };
    }
  } else if (type === "session.created" && isFields(data.info)) {
    const { info, ...rest } = data;
    Object.assign(data, { ...(isFields(info) ? info : {}), ...rest });
    delete data.info;
  } else if (type === "permission.replied") rename("reply", "decision");
  else if (type === "permission.asked" && isFields(data.source))
    data.source = { id: data.source.callID, ...data.source };
  return { ...sent, type, data };
}
