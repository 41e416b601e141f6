import type { PermissionWait, SeenRetry } from "../schema/event-facts.js";
import type { ServerEvent } from "../schema/server-event.js";

/** A permission, by opencode's name for the request. */
export interface ToldPermission extends PermissionWait {
  readonly requestId: string;
}

/** An error that opencode told of a session. */
export interface ToldError {
  readonly sessionId: string;
  readonly error: { readonly name: string; readonly data?: unknown };
  readonly at: number;
}

/** What the events tell and no export: failed requests, permissions, errors of sessions. */
export interface EventEvidence {
  readonly retries: readonly SeenRetry[];
  readonly permissions: readonly ToldPermission[];
  readonly errors: readonly ToldError[];
}

export const noEvidence: EventEvidence = { retries: [], permissions: [], errors: [] };

/** The evidence with what an event adds to it. */
export function addEvidence(evidence: EventEvidence, event: ServerEvent): EventEvidence {
  switch (event.type) {
    case "session.status": {
      const { sessionID: sessionId, status } = event.properties;
      if (status.type !== "retry") return evidence;
      const { attempt, next, message: reason } = status;
      return {
        ...evidence,
        retries: [...evidence.retries, { sessionId, at: event.at, next, attempt, reason }],
      };
    }
    case "session.error": {
      const { sessionID: sessionId, error } = event.properties;
      if (sessionId === undefined || error === undefined) return evidence;
      return { ...evidence, errors: [...evidence.errors, { sessionId, error, at: event.at }] };
    }
    case "permission.asked": {
      const { id: requestId, sessionID: sessionId, permission, patterns, tool } = event.properties;
      const asked: ToldPermission = {
        requestId,
        sessionId,
        ...(tool ? { callId: tool.callID } : {}),
        permission,
        patterns,
        askedAt: event.at,
        answeredAt: null,
        answer: null,
        by: "other",
      };
      return { ...evidence, permissions: [...evidence.permissions, asked] };
    }
    case "permission.replied": {
      const { requestID, reply } = event.properties;
      const permissions = evidence.permissions.map((one) =>
        one.requestId === requestID && one.answer === null ? { ...one, answeredAt: event.at, answer: reply } : one,
      );
      return { ...evidence, permissions };
    }
    default:
      return evidence;
  }
}

/**
 * The part of the evidence that is about some sessions, from one moment to another, both included; ms since the epoch.
 */
export function evidenceWithin(
  { retries, permissions, errors }: EventEvidence,
  sessions: ReadonlySet<string>,
  from: number,
  to: number,
): EventEvidence {
  const isMine = (sessionId: string, at: number): boolean => sessions.has(sessionId) && at >= from && at <= to;
  return {
    retries: retries.filter(({ sessionId, at }) => isMine(sessionId, at)),
    permissions: permissions.filter(({ sessionId, askedAt }) => isMine(sessionId, askedAt)),
    errors: errors.filter(({ sessionId, at }) => isMine(sessionId, at)),
  };
}

/** The evidence without what is about some sessions. */
export function evidenceWithout(
  { retries, permissions, errors }: EventEvidence,
  sessions: ReadonlySet<string>,
): EventEvidence {
  const isOther = ({ sessionId }: { readonly sessionId: string }): boolean => !sessions.has(sessionId);
  return {
    retries: retries.filter(isOther),
    permissions: permissions.filter(isOther),
    errors: errors.filter(isOther),
  };
}
