import { type ServerEvent, sessionIdOf } from "../schema/server-event.js";

/** How much of sessions is mirrored, in characters of the JSON that told it. */
export interface MirrorWeight {
  /** Of all sessions. */
  readonly total: number;
  /** Counts what an event told: a part that is told again weighs what it weighs now. */
  told(event: ServerEvent): void;
  /** Counts a session as it was read, instead of what was told of it before. */
  read(sessionId: string, characters: number): void;
  forget(sessionIds: Iterable<string>): void;
}

export function mirrorWeight(): MirrorWeight {
  /** By session, and in it by what was told of. */
  const weights = new Map<string, Map<string, number>>();
  let total = 0;
  const put = (sessionId: string, key: string, weigh: (before: number) => number): void => {
    const own = weights.get(sessionId) ?? new Map<string, number>();
    weights.set(sessionId, own);
    const before = own.get(key) ?? 0;
    const now = weigh(before);
    own.set(key, now);
    total += now - before;
  };
  const forget = (sessionIds: Iterable<string>): void => {
    for (const id of sessionIds) {
      for (const weight of weights.get(id)?.values() ?? []) total -= weight;
      weights.delete(id);
    }
  };
  return {
    get total() {
      return total;
    },
    told: (event) => {
      const sessionId = sessionIdOf(event);
      if (sessionId === undefined) return;
      const { size = 0 } = event;
      switch (event.type) {
        case "message.part.delta":
          return put(sessionId, event.properties.partID, (before) => before + event.properties.delta.length);
        case "message.part.updated":
          return put(sessionId, event.properties.part.id, () => size);
        case "message.updated":
          return put(sessionId, event.properties.info.id, () => size);
        case "session.created":
        case "session.updated":
          return put(sessionId, sessionId, () => size);
        // Of these the evidence is kept, however often they are told.
        case "session.status":
        case "session.error":
        case "permission.asked":
          return put(sessionId, "evidence", (before) => before + size);
        default:
      }
    },
    read: (sessionId, characters) => {
      forget([sessionId]);
      put(sessionId, sessionId, () => characters);
    },
    forget,
  };
}
