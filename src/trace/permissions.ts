/** What opencode asked permission for, as its events tell it: whose it is, and how long it was waited for. */

import type { PermissionWait, RunEvidence } from "../opencode/evidence.js";
import type { Answer, Interval } from "../opencode/model.js";
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
 * Which answer each permission belongs to: the one that holds the tool call it was asked for, else the one that was
 * at work then.
 *
 * @param answers of one session, in its order
 * @param asked what that session asked for
 * @returns by the answer's id; nothing of a session without any answer
 */
export function permissionsByAnswer(
  answers: readonly Answer[],
  asked: readonly AskedPermission[],
): ReadonlyMap<string, readonly AskedPermission[]> {
  const byAnswer = new Map<string, AskedPermission[]>();
  if (asked.length === 0) return byAnswer;
  const byCall = new Map<string, Answer[]>();
  for (const answer of answers) {
    for (const { callId } of answer.tools) {
      const known = byCall.get(callId);
      if (known) known.push(answer);
      else byCall.set(callId, [answer]);
    }
  }
  for (const one of asked) {
    // Some providers count their calls anew with each answer, so that an id alone does not tell.
    const callers = one.callId === undefined ? undefined : byCall.get(one.callId);
    const candidates = callers ?? answers;
    const answer = candidates.findLast(({ created }) => created <= one.askedAt) ?? candidates[0];
    if (!answer) continue;
    const own = byAnswer.get(answer.id);
    if (own) own.push(one);
    else byAnswer.set(answer.id, [one]);
  }
  return byAnswer;
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
