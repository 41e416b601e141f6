import { setTimeout as sleep } from "node:timers/promises";
import type { ServerEvent } from "../schema/server-event.js";

/** What events tell of a session's rest since a prompt was handed over. */
export interface RestWatch {
  readonly take: (event: ServerEvent) => void;
  /** To be called before a prompt is handed over: what was told of rest until then is of something else. */
  readonly begin: () => void;
  /** Whether the session was at work since, and came to rest. */
  readonly isTold: () => boolean;
  /** Waits until that is told, so many ms at most. @returns whether it is */
  readonly isToldWithin: (ms: number) => Promise<boolean>;
}

/**
 * Tells the rest behind a prompt from one before it. Another client's turn, or one that the server took up, may end
 * when a prompt is already there and not yet begun; that is no rest of its own.
 */
export function createRestWatch(sessionId: string): RestWatch {
  let isBegun = false;
  let isTold = false;
  let onTold = (): void => undefined;
  return {
    take: (event) => {
      if (isBusy(event, sessionId)) {
        isBegun = true;
        isTold = false;
      } else if (isBegun && isIdle(event, sessionId)) {
        isTold = true;
        onTold();
      }
    },
    begin: () => {
      isBegun = false;
      isTold = false;
    },
    isTold: () => isTold,
    isToldWithin: async (ms) => {
      if (isTold) return true;
      const waiting = new AbortController();
      onTold = () => waiting.abort();
      // A moment at most, through which it holds the process.
      await sleep(ms, undefined, { signal: waiting.signal }).catch(() => undefined);
      onTold = () => undefined;
      return isTold;
    },
  };
}

/** Whether an event tells that a session is at rest. */
export function isIdle(event: ServerEvent, sessionId: string): boolean {
  if (event.type === "session.idle") return event.properties.sessionID === sessionId;
  return isOfStatus(event, sessionId, "idle");
}

function isBusy(event: ServerEvent, sessionId: string): boolean {
  return isOfStatus(event, sessionId, "busy");
}

function isOfStatus(event: ServerEvent, sessionId: string, type: "busy" | "idle"): boolean {
  return (
    event.type === "session.status" && event.properties.sessionID === sessionId && event.properties.status.type === type
  );
}
