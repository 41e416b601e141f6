import { type ServerEvent, sessionIdOf } from "../schema/server-event.js";
import { boundedQueue } from "./bounded-queue.js";

/** Either an event, or that events come from now on. */
export type Queued = ServerEvent | { readonly type: "connected"; readonly first: boolean; readonly at: number };

/** The events of a server that wait to be taken, one after the other. */
export interface EventQueue {
  /** @returns settles when there is room for more; undefined where there is */
  readonly push: (event: ServerEvent) => void | Promise<void>;
  readonly connected: (first: boolean) => void;
  /** Waits for the next one. @returns undefined once the signal is aborted */
  readonly next: () => Promise<Queued | undefined>;
}

type Delta = Extract<ServerEvent, { readonly type: "message.part.delta" }>;

/** A text that waits does not grow without end. */
const MOST_JOINED = 64 * 1024;

/**
 * Pieces of one text that wait together become one: a session tells hundreds a second, and each is otherwise a step of
 * everything that is kept of it. What else is told of a session stays where it was among them.
 *
 * @param most as many may wait before a producer has to
 */
export function eventQueue(most: number, signal: AbortSignal): EventQueue {
  const queue = boundedQueue<{ event: Queued }>(most, signal);
  /** What waits last of each session, where that is a piece of a text. */
  const last = new Map<string, { event: Queued }>();
  const push = (event: ServerEvent): void | Promise<void> => {
    const id = sessionIdOf(event);
    const before = id === undefined ? undefined : last.get(id);
    const joined = before && joinedTo(before.event, event);
    if (before && joined) {
      before.event = joined;
      return undefined;
    }
    const item = { event };
    if (id !== undefined && event.type === "message.part.delta") last.set(id, item);
    else if (id !== undefined) last.delete(id);
    return queue.push(item);
  };
  return {
    push,
    connected: (first) => {
      last.clear();
      void queue.push({ event: { type: "connected", first, at: Date.now() } });
    },
    next: async () => {
      const item = await queue.next();
      if (item?.event.type === "message.part.delta") {
        const { sessionID } = item.event.properties;
        if (last.get(sessionID) === item) last.delete(sessionID);
      }
      return item?.event;
    },
  };
}

/** @returns undefined where they are not two pieces of one text */
function joinedTo(before: Queued, event: ServerEvent): Delta | undefined {
  if (before.type !== "message.part.delta" || event.type !== "message.part.delta") return undefined;
  const [one, other] = [before.properties, event.properties];
  const isSame = one.messageID === other.messageID && one.partID === other.partID && one.field === other.field;
  if (!isSame || one.delta.length > MOST_JOINED) return undefined;
  const size = (before.size ?? 0) + (event.size ?? 0);
  return { ...event, properties: { ...other, delta: one.delta + other.delta }, size };
}
