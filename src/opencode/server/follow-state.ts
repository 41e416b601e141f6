import { fieldsOf } from "../../text/json-fields.js";
import { isSessionId } from "../schema/ids.js";
import { type ServerEvent, sessionIdOf } from "../schema/server-event.js";
import { addEvidence, type EventEvidence, evidenceWithout, noEvidence } from "./event-evidence.js";
import {
  applyEvent,
  emptyMirror,
  familyOf,
  type Mirror,
  type MirroredSession,
  rootOf,
  withoutSessions,
  withSession,
} from "./session-mirror.js";

/** What is known of the sessions of a server that are at work. */
export interface FollowState {
  readonly mirror: Mirror;
  readonly evidence: EventEvidence;
  /** Sessions that are not followed, until the next connection. */
  readonly leftOut: ReadonlySet<string>;
  /** Sessions that could not be read; they are tried again when they come to rest. */
  readonly unreadable: ReadonlySet<string>;
  /** By the server's clock, ms since the epoch. */
  readonly lastEventAt: number | undefined;
}

export type FollowInput =
  /** @param wasRead whether its session has just been read */
  | { readonly type: "event"; readonly event: ServerEvent; readonly wasRead: boolean }
  /** A connection begins; what could not be had before may be had now. */
  | { readonly type: "connected" }
  /** From this moment on the server tells what happens. */
  | { readonly type: "listening"; readonly at: number }
  /** A session was read, with those below it. */
  | { readonly type: "read"; readonly sessions: readonly Pick<MirroredSession, "info" | "messages">[] }
  | { readonly type: "unreadable" | "unwanted"; readonly id: string }
  /** The server says that these are at work. */
  | { readonly type: "busy"; readonly ids: ReadonlySet<string> }
  /** A session and those below it are done with. */
  | { readonly type: "rested"; readonly rootId: string }
  /** There is no room for a session and those below it. */
  | { readonly type: "too-much"; readonly rootId: string };

/** What is to be done after an input, in this order. */
export type FollowAction =
  /** Read the session; then the event is to be taken again, or the session has come to rest. */
  | { readonly type: "read"; readonly id: string; readonly next: "event" | "rest" }
  /** The event belongs to a session that is mirrored, and takes room. */
  | { readonly type: "weigh"; readonly rootId: string }
  /** @param isOver whether something in it may be over now */
  | { readonly type: "changed"; readonly rootId: string; readonly isOver: boolean }
  /** The session has come to rest. */
  | { readonly type: "rest"; readonly rootId: string }
  /** So it has, unless the server says that it is at work. @param isChanged whether it has changed, where it is */
  | {
      readonly type: "ask-for-rest";
      readonly rootId: string;
      readonly directory: string;
      readonly isChanged: boolean;
    };

export interface FollowStep {
  readonly state: FollowState;
  readonly actions: readonly FollowAction[];
}

export const nothingFollowed: FollowState = {
  mirror: emptyMirror,
  evidence: noEvidence,
  leftOut: new Set(),
  unreadable: new Set(),
  lastEventAt: undefined,
};

/**
 * The state after an input, and what is to be done then.
 *
 * @param wanted the only session that is followed; undefined follows all
 */
export function followStep(state: FollowState, input: FollowInput, wanted: string | undefined): FollowStep {
  switch (input.type) {
    case "event":
      return takeEvent(state, input, wanted);
    case "connected":
      return only({ ...state, leftOut: new Set(), unreadable: new Set() });
    case "listening":
      return only({ ...state, lastEventAt: state.lastEventAt ?? input.at });
    case "read": {
      const mirror = input.sessions.reduce((before, session) => withSession(before, session), state.mirror);
      return only({ ...state, mirror });
    }
    case "unreadable":
      return only({ ...state, unreadable: remember(state.unreadable, [input.id]) });
    case "unwanted":
      return only({ ...state, leftOut: remember(state.leftOut, [input.id]) });
    case "busy":
      return only({ ...state, mirror: withBusy(state.mirror, input.ids) });
    case "rested":
      return only(forget(state, familyOf(state.mirror, input.rootId)));
    case "too-much": {
      const family = familyOf(state.mirror, input.rootId);
      return only({ ...forget(state, family), leftOut: remember(state.leftOut, family) });
    }
    default:
      return input satisfies never;
  }
}

function takeEvent(
  before: FollowState,
  { event, wasRead }: Extract<FollowInput, { type: "event" }>,
  wanted: string | undefined,
): FollowStep {
  const state = { ...before, lastEventAt: Math.max(before.lastEventAt ?? 0, event.at) };
  const id = sessionIdOf(event);
  // An id that is none could name anything: it becomes a file's name, and a part of an address.
  if (id === undefined || state.leftOut.has(id) || !isSessionId(id)) return only(state);
  if (state.unreadable.has(id)) {
    if (!isAtRest(event)) return only(state);
    const unreadable = new Set([...state.unreadable].filter((one) => one !== id));
    return { state: { ...state, unreadable }, actions: [{ type: "read", id, next: "rest" }] };
  }
  if (event.type === "session.created") {
    const { parentID } = event.properties.info;
    // A subagent's session belongs to one that is mirrored, or is read with it.
    const isWanted = parentID ? state.mirror.has(parentID) : wanted === undefined || wanted === id;
    if (!isWanted) return only(state);
  }
  // All work begins with it, and reading at less would bring back what rests.
  const isWork = event.type === "session.status" && event.properties.status.type !== "idle";
  if (isWork && !state.mirror.has(id) && !wasRead) return { state, actions: [{ type: "read", id, next: "event" }] };
  const mirror = applyEvent(state.mirror, event);
  if (!mirror.has(id)) return only({ ...state, mirror });
  const rootId = rootOf(mirror, id);
  return {
    state: { ...state, mirror, evidence: addEvidence(state.evidence, event) },
    actions: [{ type: "weigh", rootId }, ...outcomeOf(mirror, event, id, mirror !== state.mirror)],
  };
}

/** What an event that was taken means for the session that it belongs to. */
function outcomeOf(mirror: Mirror, event: ServerEvent, id: string, isChanged: boolean): readonly FollowAction[] {
  const rootId = rootOf(mirror, id);
  const changed: readonly FollowAction[] = isChanged
    ? [{ type: "changed", rootId, isOver: mayEndSomething(event) }]
    : [];
  if (!isAtRest(event)) return changed;
  if (id === rootId) return [{ type: "rest", rootId }];
  // Only a subagent of a session may have been at work that is at rest itself.
  const isQuiet = familyOf(mirror, rootId).every((one) => mirror.get(one)?.status.type === "idle");
  const directory = directoryOf(mirror, rootId);
  // What was read in its midst looks idle here until an event says otherwise: the server knows.
  return isQuiet && directory !== undefined ? [{ type: "ask-for-rest", rootId, directory, isChanged }] : changed;
}

/** Whether an event may tell that something is over: a step, a tool. A text that grows ends nothing. */
function mayEndSomething(event: ServerEvent): boolean {
  switch (event.type) {
    case "message.part.delta":
    case "session.updated":
      return false;
    case "message.part.updated": {
      const { type, state } = event.properties.part;
      const { status } = fieldsOf(state);
      return type === "tool" ? status !== "pending" && status !== "running" : type === "step-finish";
    }
    default:
      return true;
  }
}

/** The directory of a mirrored session, where it says one. */
export function directoryOf(mirror: Mirror, id: string): string | undefined {
  const directory = mirror.get(id)?.info.directory;
  return typeof directory === "string" ? directory : undefined;
}

function only(state: FollowState): FollowStep {
  return { state, actions: [] };
}

function forget(state: FollowState, family: readonly string[]): FollowState {
  const ids = new Set(family);
  return {
    ...state,
    mirror: withoutSessions(state.mirror, ids),
    evidence: evidenceWithout(state.evidence, ids),
  };
}

function withBusy(mirror: Mirror, ids: ReadonlySet<string>): Mirror {
  return [...ids].reduce((before, id) => {
    const session = before.get(id);
    return session?.status.type === "idle" ? withSession(before, session, { type: "busy" }) : before;
  }, mirror);
}

const MOST_REMEMBERED = 10_000;

/** The oldest are forgotten where there are too many. */
function remember(ids: ReadonlySet<string>, more: readonly string[]): ReadonlySet<string> {
  if (more.every((id) => ids.has(id))) return ids;
  const all = new Set(ids);
  for (const id of more) all.add(id);
  for (const oldest of all) {
    if (all.size <= MOST_REMEMBERED) break;
    all.delete(oldest);
  }
  return all;
}

function isAtRest(event: ServerEvent): boolean {
  return event.type === "session.idle" || (event.type === "session.status" && event.properties.status.type === "idle");
}
