import { errorObjectOf } from "../../../errors/opencode2-error.js";
import type { ServerEvent } from "../../schema/server-event.js";
import type { ServerEvent2 } from "./server-event.js";

/**
 * What an event of opencode 2 tells of rest and work, failed requests, permissions and errors, in the words of 1.x: so
 * who watches a turn need not know which opencode plays it.
 */
export function factsOf2(event: ServerEvent2): readonly ServerEvent[] {
  const { at, size } = event;
  switch (event.type) {
    // A prompt is taken up by what is at work already, or begins it.
    case "session.inbox.delivered":
    case "session.execution.started": {
      const { sessionID } = event.data;
      return [{ type: "session.status", properties: { sessionID, status: { type: "busy" } }, at, size }];
    }
    case "session.execution.succeeded":
    case "session.execution.interrupted":
      return [idle(event.data.sessionID, at)];
    case "session.execution.failed": {
      const { sessionID } = event.data;
      const error = { ...errorObjectOf(event.data.error) };
      return [{ type: "session.error", properties: { sessionID, error }, at, size }, idle(sessionID, at)];
    }
    case "session.retry.scheduled": {
      const { sessionID, attempt, at: next, error } = event.data;
      // 1.x counts the attempts that failed, 2 names the one to come.
      const status = { type: "retry", attempt: Math.max(1, attempt - 1), message: error.message, next } as const;
      return [{ type: "session.status", properties: { sessionID, status }, at, size }];
    }
    case "permission.asked": {
      const { id, sessionID, action: permission, resources: patterns, save: always, source } = event.data;
      const tool = source?.id === undefined ? undefined : { messageID: source.messageID ?? "", callID: source.id };
      const asked = { id, sessionID, permission, patterns, always, ...(tool ? { tool } : {}) };
      return [{ type: "permission.asked", properties: asked, at, size }];
    }
    case "permission.replied": {
      const { sessionID, requestID, decision: reply } = event.data;
      return [{ type: "permission.replied", properties: { sessionID, requestID, reply }, at, size }];
    }
    default:
      return [];
  }
}

function idle(sessionID: string, at: number): ServerEvent {
  return { type: "session.status", properties: { sessionID, status: { type: "idle" } }, at };
}
