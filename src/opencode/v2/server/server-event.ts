/**
 * The events of a server of opencode 2 that looptrace reads, in the words of 2.0.26; what the builds before 2.0 called
 * otherwise is read as well. All other events are nothing to it.
 */
import { z } from "zod";
import { isTooDeep } from "../../../text/json-depth.js";
import { isFields } from "../../../text/json-fields.js";
import { idTime } from "../../schema/ids.js";

const ofSession = { sessionID: z.string() };
const ofMessage = { ...ofSession, assistantMessageID: z.string() };
const ofTool = { ...ofMessage, id: z.string() };
const fields = z.record(z.string(), z.unknown());
const error = z.looseObject({ type: z.string(), message: z.string().default("") });
const tokens = z.looseObject({
  input: z.number(),
  output: z.number(),
  reasoning: z.number(),
  cache: z.looseObject({ read: z.number(), write: z.number() }),
});
const model = z.looseObject({ id: z.string(), providerID: z.string() });
const settled = { ...ofTool, content: z.array(fields).optional(), metadata: fields.optional() };
const shell = z.looseObject({ id: z.string(), command: z.string().default(""), status: z.string().default("") });

const serverEvent = z.discriminatedUnion("type", [
  event("session.created", { ...ofSession, parentID: z.string().nullish() }),
  event("session.deleted", ofSession),
  event("session.renamed", { ...ofSession, title: z.string() }),
  event("session.usage.updated", { ...ofSession, cost: z.number(), tokens }),
  event("session.agent.selected", { ...ofSession, agent: z.string() }),
  event("session.model.selected", { ...ofSession, model }),
  event("session.inbox.enqueued", { ...ofSession, inboxID: z.string(), item: z.looseObject({ type: z.string() }) }),
  event("session.inbox.delivered", { ...ofSession, inboxID: z.string() }),
  event("session.inbox.cancelled", { ...ofSession, inboxID: z.string() }),
  event("session.synthetic", { ...ofSession, text: z.string() }),
  event("session.skill.activated", { ...ofSession, id: z.string(), name: z.string(), text: z.string() }),
  event("session.shell.started", { ...ofSession, shell }),
  event("session.shell.ended", { ...ofSession, shell }),
  event("session.execution.started", ofSession),
  event("session.execution.succeeded", ofSession),
  event("session.execution.failed", { ...ofSession, error }),
  event("session.execution.interrupted", { ...ofSession, reason: z.string().default("") }),
  event("session.step.started", { ...ofMessage, agent: z.string(), model, started: z.number().optional() }),
  event("session.step.streamed", ofMessage),
  event("session.step.ended", { ...ofMessage, finish: z.string(), cost: z.number(), tokens }),
  event("session.step.failed", { ...ofMessage, error, cost: z.number().optional(), tokens: tokens.optional() }),
  event("session.text.started", ofMessage),
  event("session.text.delta", { ...ofMessage, delta: z.string() }),
  event("session.text.ended", { ...ofMessage, text: z.string() }),
  event("session.reasoning.started", ofMessage),
  event("session.reasoning.delta", { ...ofMessage, delta: z.string() }),
  event("session.reasoning.ended", { ...ofMessage, text: z.string() }),
  event("session.tool.input.started", { ...ofTool, name: z.string() }),
  event("session.tool.input.delta", { ...ofTool, delta: z.string() }),
  event("session.tool.input.ended", { ...ofTool, text: z.string() }),
  event("session.tool.called", { ...ofTool, input: fields, executed: z.boolean().default(false) }),
  event("session.tool.progress", { ...ofTool, metadata: fields.optional() }),
  event("session.tool.success", { ...settled, executed: z.boolean().default(false) }),
  event("session.tool.failed", { ...settled, error, executed: z.boolean().default(false) }),
  /** `attempt`: the one to come, from 2; `at`: when it is made, ms since the epoch. */
  event("session.retry.scheduled", { ...ofMessage, attempt: z.number(), at: z.number(), error }),
  event("session.compaction.started", { ...ofSession, reason: z.string() }),
  event("session.compaction.delta", { ...ofSession, text: z.string() }),
  event("session.compaction.ended", { ...ofSession, text: z.string() }),
  event("session.compaction.failed", { ...ofSession, error }),
  event("permission.asked", {
    ...ofSession,
    id: z.string(),
    /** Such as `shell`, `edit`, `external_directory`. */
    action: z.string(),
    resources: z.array(z.string()).default([]),
    /** What the answer `always` would allow: patterns with `*` and `?`. */
    save: z.array(z.string()).default([]),
    source: z.looseObject({ messageID: z.string().optional(), id: z.string().optional() }).optional(),
  }),
  event("permission.replied", { ...ofSession, requestID: z.string(), decision: z.enum(["once", "always", "reject"]) }),
  event("form.created", { form: z.looseObject({ id: z.string(), ...ofSession }) }),
]);

function event<Type extends string, Shape extends z.ZodRawShape>(type: Type, data: Shape) {
  return z.object({
    id: z.string().default(""),
    created: z.number().optional(),
    type: z.literal(type),
    location: z.looseObject({ directory: z.string() }).optional(),
    data: z.looseObject(data),
  });
}

/** An event, and when the server made it, ms since the epoch. */
export type ServerEvent2 = z.infer<typeof serverEvent> & {
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

const typed = z.looseObject({ type: z.string(), data: fields.default({}) });

/**
 * Reads one event of `/api/event`.
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
  if (isTooDeep(json)) return undefined;
  const sent = typed.safeParse(json).data;
  if (!sent) return undefined;
  const read = serverEvent.safeParse(inNewWords(sent)).data;
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

/** As 2.0.26 would say what a build before 2.0 says. */
function inNewWords(sent: z.infer<typeof typed>): object {
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
