/**
 * The events of a server of opencode 2 that looptrace reads, in the words of 2.0.26; all other events are nothing to
 * it.
 */
import { z } from "zod";

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

export const serverEvent2 = z.discriminatedUnion("type", [
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

/** What each event is, whatever it tells. */
export const anyEvent2 = z.looseObject({ type: z.string(), data: fields.default({}) });
