/**
 * Events as opencode 2 sends them, told by hand: to load the schemas of all takes longer than a warm run takes until
 * its prompt, and to read an event with one as long as all else that is done with it. Whatever is not just so is left
 * to the schema.
 */
import type { z } from "zod";
import type { Fields } from "../../../text/json-fields.js";
import {
  flag,
  has,
  having,
  isPlainObject,
  listOf,
  number,
  orNone,
  orNull,
  type Shape,
  text,
} from "../../../text/json-shapes.js";
import type { serverEvent2 } from "./server-event-schema.js";

type Read = z.infer<typeof serverEvent2>;

const ofSession: Shape = { sessionID: text };
const ofMessage: Shape = { ...ofSession, assistantMessageID: text };
const ofTool: Shape = { ...ofMessage, id: text };
const error = having({ type: text, message: text });
const model = having({ id: text, providerID: text });
const cache = having({ read: number, write: number });
const tokens = having({ input: number, output: number, reasoning: number, cache });
const flagOrNone = orNone(flag);
const settled: Shape = {
  ...ofTool,
  content: orNone(listOf(isPlainObject)),
  metadata: orNone(isPlainObject),
  executed: flagOrNone,
};

/** What stands in each event's data; null leaves it to the schema, for what is rare. */
const SHAPES: Readonly<Record<Read["type"], Shape | null>> = {
  "session.created": { ...ofSession, parentID: orNull(text) },
  "session.deleted": ofSession,
  "session.renamed": { ...ofSession, title: text },
  "session.usage.updated": { ...ofSession, cost: number, tokens },
  "session.agent.selected": { ...ofSession, agent: text },
  "session.model.selected": { ...ofSession, model },
  "session.inbox.enqueued": { ...ofSession, inboxID: text, item: having({ type: text }) },
  "session.inbox.delivered": { ...ofSession, inboxID: text },
  "session.inbox.cancelled": { ...ofSession, inboxID: text },
  "session.synthetic": { ...ofSession, text },
  "session.skill.activated": null,
  "session.shell.started": null,
  "session.shell.ended": null,
  "session.execution.started": ofSession,
  "session.execution.succeeded": ofSession,
  "session.execution.failed": { ...ofSession, error },
  "session.execution.interrupted": { ...ofSession, reason: text },
  "session.step.started": { ...ofMessage, agent: text, model, started: orNone(number) },
  "session.step.streamed": ofMessage,
  "session.step.ended": { ...ofMessage, finish: text, cost: number, tokens },
  "session.step.failed": { ...ofMessage, error, cost: orNone(number), tokens: orNone(tokens) },
  "session.text.started": ofMessage,
  "session.text.delta": { ...ofMessage, delta: text },
  "session.text.ended": { ...ofMessage, text },
  "session.reasoning.started": ofMessage,
  "session.reasoning.delta": { ...ofMessage, delta: text },
  "session.reasoning.ended": { ...ofMessage, text },
  "session.tool.input.started": { ...ofTool, name: text },
  "session.tool.input.delta": { ...ofTool, delta: text },
  "session.tool.input.ended": { ...ofTool, text },
  "session.tool.called": { ...ofTool, input: isPlainObject, executed: flagOrNone },
  "session.tool.progress": { ...ofTool, metadata: orNone(isPlainObject) },
  "session.tool.success": settled,
  "session.tool.failed": { ...settled, error },
  "session.retry.scheduled": { ...ofMessage, attempt: number, at: number, error },
  "session.compaction.started": null,
  "session.compaction.delta": null,
  "session.compaction.ended": null,
  "session.compaction.failed": null,
  "permission.asked": null,
  "permission.replied": null,
  "form.created": null,
};

/** What stands around it. */
const ENVELOPE: Shape = { id: text, created: orNone(number), location: orNone(having({ directory: text })) };

/** Whether looptrace reads events of this type. */
export function isRead2(type: string): type is Read["type"] {
  return Object.hasOwn(SHAPES, type);
}

/**
 * An event as its schema has it; undefined where that is to read it.
 *
 * @param sent in the words of 2.0.26
 */
export function wholeEvent2({ id = "", created, type, location, data }: Fields): Read | undefined {
  if (typeof type !== "string" || !isRead2(type) || !isPlainObject(data)) return undefined;
  const isExecutedUntold = SHAPES[type]?.executed !== undefined && data.executed === undefined;
  const event = {
    ...{ id, type },
    ...(created === undefined ? {} : { created }),
    ...(location === undefined ? {} : { location }),
    data: isExecutedUntold ? { ...data, executed: false } : data,
  };
  return isWhole(event) ? event : undefined;
}

function isWhole(event: Fields & { readonly type: Read["type"]; readonly data: Fields }): event is Read {
  const shape = SHAPES[event.type];
  return shape !== null && has(event.data, shape) && has(event, ENVELOPE);
}
