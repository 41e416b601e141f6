/**
 * Events as opencode 1.x sends them, told by hand: a server that works sends hundreds a second, and the schema takes
 * longer than all else that is done with one. Whatever is not just so is left to the schema.
 */
import type { z } from "zod";
import type { Fields } from "../../text/json-fields.js";
import { has, having, isPlainObject, number, orNone, orNull, type Shape, text } from "../../text/json-shapes.js";
import type { serverEvent } from "./server-event-schema.js";

type Read = z.infer<typeof serverEvent>;

const ofSession: Shape = { sessionID: text };
const aboutSession: Shape = { info: having({ id: text, parentID: orNull(text) }) };
const isResting = having({ type: (value) => value === "busy" || value === "idle" });
const isRetry = having({ type: (value) => value === "retry", attempt: number, message: text, next: number });
const part = having({ id: text, type: text, messageID: text });

/** What stands in each event's properties; null leaves it to the schema, for what is rare. */
const SHAPES: Readonly<Record<Read["type"], Shape | null>> = {
  "session.created": aboutSession,
  "session.updated": aboutSession,
  "session.deleted": aboutSession,
  "session.status": { ...ofSession, status: (value) => isResting(value) || isRetry(value) },
  "session.idle": ofSession,
  "session.error": null,
  "message.updated": { sessionID: orNone(text), info: having({ id: text, role: text }) },
  "message.removed": { ...ofSession, messageID: text },
  "message.part.updated": { sessionID: orNone(text), part, time: orNone(number) },
  "message.part.removed": { ...ofSession, messageID: text, partID: text },
  "message.part.delta": { ...ofSession, messageID: text, partID: text, field: text, delta: text },
  "permission.asked": null,
  "permission.replied": null,
  "question.asked": null,
  "question.replied": null,
  "question.rejected": null,
};

/** What stands around it. */
const ENVELOPE: Shape = { id: orNone(text), properties: isPlainObject };

/** Whether looptrace reads events of this type. */
export function isRead(type: string): type is Read["type"] {
  return Object.hasOwn(SHAPES, type);
}

/** An event as its schema has it; undefined where that is to read it. */
export function wholeEvent({ id, type, properties }: Fields): Read | undefined {
  if (typeof type !== "string" || !isRead(type) || !isPlainObject(properties)) return undefined;
  const event = { ...(id === undefined ? {} : { id }), type, properties };
  return isWhole(event) ? event : undefined;
}

function isWhole(event: Fields & { readonly type: Read["type"]; readonly properties: Fields }): event is Read {
  const shape = SHAPES[event.type];
  return shape !== null && has(event.properties, shape) && has(event, ENVELOPE);
}
