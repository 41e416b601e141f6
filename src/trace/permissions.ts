/** What opencode asked permission for, as its events tell it: whose it is, and how long it was waited for. */

import type { PermissionWait } from "../opencode/evidence.js";
import type { AssistantMessage } from "../opencode/session.js";
import type { RunEvidence } from "./evidence.js";
import type { Interval } from "./intervals.js";
import type { StepEvent } from "./model.js";
import { spanIdOf } from "./span-id.js";

/** A permission with the time for which it was waited for; where it was never answered, until the turn had ended. */
export interface AskedPermission extends PermissionWait, Interval {}

/** The permissions by session id, ascending in time, each once: a run can be told of twice. */
export function permissionsBySession(runs: readonly RunEvidence[]): ReadonlyMap<string, readonly AskedPermission[]> {
  const bySession = new Map<string, Map<string, AskedPermission>>();
  for (const { permissions = [], endedAt } of runs) {
    for (const one of permissions) {
      const { sessionId, askedAt, answeredAt, permission, patterns, callId } = one;
      const own = bySession.get(sessionId) ?? new Map<string, AskedPermission>();
      bySession.set(sessionId, own);
      const key = JSON.stringify([askedAt, callId, permission, patterns]);
      // Who stopped to listen before the answer came knows less.
      if (answeredAt === null && own.has(key)) continue;
      own.set(key, { ...one, start: askedAt, end: Math.max(askedAt, answeredAt ?? endedAt) });
    }
  }
  return new Map([...bySession].map(([id, own]) => [id, [...own.values()].sort((a, b) => a.askedAt - b.askedAt)]));
}

/**
 * Which message each permission belongs to: the one that holds the tool call it was asked for, else the one that was
 * being answered then.
 *
 * @param messages of one session, in its order
 * @param asked what that session asked for
 * @returns by the message's id; nothing of a session without any answer
 */
export function permissionsByMessage(
  messages: readonly AssistantMessage[],
  asked: readonly AskedPermission[],
): ReadonlyMap<string, readonly AskedPermission[]> {
  const byMessage = new Map<string, AskedPermission[]>();
  if (asked.length === 0) return byMessage;
  const byCall = new Map<string, AssistantMessage[]>();
  for (const message of messages) {
    for (const part of message.parts) {
      if (part.type !== "tool") continue;
      const known = byCall.get(part.callID);
      if (known) known.push(message);
      else byCall.set(part.callID, [message]);
    }
  }
  for (const one of asked) {
    // Some providers count their calls anew with each answer, so that an id alone does not tell.
    const callers = one.callId === undefined ? undefined : byCall.get(one.callId);
    const candidates = callers ?? messages;
    const message = candidates.findLast(({ info }) => info.time.created <= one.askedAt) ?? candidates[0];
    if (!message) continue;
    const own = byMessage.get(message.info.id);
    if (own) own.push(one);
    else byMessage.set(message.info.id, [one]);
  }
  return byMessage;
}

/** @param index among the permissions of its step */
export function permissionEvent(
  { permission, patterns, answer, by, callId, askedAt, start, end }: AskedPermission,
  index: number,
  sessionId: string,
  messageId: string,
): StepEvent {
  return {
    spanId: spanIdOf("event", sessionId, `${messageId}/permission/${index}`),
    name: "permission",
    at: askedAt,
    attributes: {
      permission,
      patterns,
      answer: answer ?? "none",
      // What is still open has no answer.
      ...(answer === null ? {} : { by }),
      waitedMs: end - start,
      askedAt,
      ...(callId === undefined ? {} : { callId }),
    },
  };
}
