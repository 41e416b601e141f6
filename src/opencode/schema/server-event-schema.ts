/** The events of an opencode server that looptrace reads, for opencode 1.15 to 1.18; all others are nothing to it. */
import { z } from "zod";

const ofSession = { sessionID: z.string() };

/** Session, message and part as the server gives them: read where they are used, kept as they came. */
const identified = { id: z.string() };
export const rawSession = z.looseObject({ ...identified, parentID: z.string().nullish() });
export const rawMessage = z.looseObject({ ...identified, role: z.string() });
export const rawPart = z.looseObject({ ...identified, type: z.string(), messageID: z.string() });

export const sessionStatus = z.discriminatedUnion("type", [
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

export const serverEvent = z.discriminatedUnion("type", [
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
