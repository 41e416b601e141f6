import { type Fields, fieldsOf } from "../../../text/json-fields.js";
import { messageAfterStep, only, type RawMessage2, withoutField } from "./mirrored-step.js";
import { type ServerEvent2, sessionIdOf2 } from "./server-event.js";

export type { RawMessage2 };

/** A session's facts as a server of opencode 2 gives them, not yet read. */
export type RawSession2 = Fields & { readonly id: string };

export interface MirroredSession2 {
  readonly info: RawSession2;
  /** The oldest first. */
  readonly messages: readonly RawMessage2[];
  /** What was handed over and is no message yet, by its id. */
  readonly inbox: ReadonlyMap<string, Fields>;
  /** Whether the agent's loop is at work. */
  readonly busy: boolean;
}

/** Sessions of a server of opencode 2 as its events tell them, by their ids; values that are never changed. */
export type Mirror2 = ReadonlyMap<string, MirroredSession2>;

export const emptyMirror2: Mirror2 = new Map();

const NO_TOKENS = { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } };

/**
 * The mirror after an event, as opencode itself makes messages of its events. What is told of a session or a message
 * that is not mirrored is left out: it is to be read from the server first.
 */
export function applyEvent2(mirror: Mirror2, event: ServerEvent2): Mirror2 {
  const id = sessionIdOf2(event);
  if (event.type === "session.created") {
    const info = createdInfo(event);
    return new Map(mirror).set(id, { messages: [], inbox: new Map(), busy: false, ...mirror.get(id), info });
  }
  const session = mirror.get(id);
  if (!session) return mirror;
  if (event.type === "session.deleted") {
    const rest = new Map(mirror);
    rest.delete(id);
    return rest;
  }
  const after = changed(session, event);
  return after === session ? mirror : new Map(mirror).set(id, after);
}

/** What a session's beginning tells that the server gives out as its facts too. */
function createdInfo(event: Extract<ServerEvent2, { type: "session.created" }>): RawSession2 {
  const { sessionID: id, directory, slug: _slug, version: _version, path: _path, ...told } = event.data;
  const time = { created: event.at, updated: event.at };
  const location = directory === undefined ? {} : { location: { directory } };
  return { cost: 0, tokens: NO_TOKENS, time, ...location, ...told, id };
}

/** The mirror with a session as it was read from the server. */
export function withSession2(
  mirror: Mirror2,
  read: Pick<MirroredSession2, "info" | "messages">,
  busy: boolean,
): Mirror2 {
  const inbox = mirror.get(read.info.id)?.inbox ?? new Map();
  return new Map(mirror).set(read.info.id, { ...read, inbox, busy });
}

/** The session that a mirrored one belongs to, as far as that is mirrored; itself where it is no subagent's. */
export function rootOf2(mirror: Mirror2, id: string): string {
  const seen = new Set([id]);
  let root = id;
  for (;;) {
    const parent = mirror.get(root)?.info.parentID;
    if (typeof parent !== "string" || !mirror.has(parent) || seen.has(parent)) return root;
    seen.add(parent);
    root = parent;
  }
}

/** The ids of a mirrored session and of all below it, its own first. */
export function familyOf2(mirror: Mirror2, rootId: string): readonly string[] {
  const family = new Set(mirror.has(rootId) ? [rootId] : []);
  // What is added meanwhile is visited as well.
  for (const id of family) for (const [child, { info }] of mirror) if (info.parentID === id) family.add(child);
  return [...family];
}

function changed(session: MirroredSession2, event: ServerEvent2): MirroredSession2 {
  switch (event.type) {
    case "session.renamed":
      return withInfo(session, { title: event.data.title });
    case "session.usage.updated":
      return withInfo(session, { cost: event.data.cost, tokens: event.data.tokens });
    case "session.agent.selected": {
      const { agent, previous } = event.data;
      const message = {
        ...made(event),
        type: "agent-switched",
        agent,
        ...(previous === undefined ? {} : { previous }),
      };
      return appended(withInfo(session, { agent }), message);
    }
    case "session.model.selected": {
      const { model, previous } = event.data;
      const message = {
        ...made(event),
        type: "model-switched",
        model,
        ...(previous === undefined ? {} : { previous }),
      };
      return appended(withInfo(session, { model }), message);
    }
    case "session.inbox.enqueued":
      return { ...session, inbox: new Map(session.inbox).set(event.data.inboxID, event.data.item) };
    case "session.inbox.cancelled":
      return { ...session, inbox: without(session.inbox, event.data.inboxID) };
    case "session.inbox.delivered":
      return delivered(session, event.data.inboxID, event.at);
    case "session.synthetic": {
      const { sessionID: _id, ...told } = event.data;
      return appended(session, { ...told, ...made(event), type: "synthetic" });
    }
    case "session.skill.activated": {
      const { id: skill, name, text } = event.data;
      return appended(session, { ...made(event), type: "skill", skill, name, text });
    }
    case "session.shell.started": {
      const { id: shellID, command, status } = event.data.shell;
      return appended(session, { ...made(event), type: "shell", shellID, command, status });
    }
    case "session.shell.ended": {
      const { shell, output } = event.data;
      return changedMessage(
        session,
        (one) => one.shellID === shell.id,
        (message) => ({
          ...message,
          ...only({ status: shell.status, exit: shell.exit, output }),
          time: { ...fieldsOf(message.time), completed: event.at },
        }),
      );
    }
    case "session.execution.started":
      return { ...session, busy: true };
    case "session.execution.succeeded":
      return rested(session, event, "succeeded");
    case "session.execution.failed":
      return rested(session, event, "failed", event.data.error);
    case "session.execution.interrupted":
      // A server that shuts down leaves the turn open: it, or the next one, may go on with it.
      return event.data.reason === "shutdown" ? { ...session, busy: false } : rested(session, event, "interrupted");
    case "session.compaction.started": {
      const { reason, recent = "", inputID } = event.data;
      const id = typeof inputID === "string" ? inputID : made(event).id;
      const begun = { ...made(event), id, type: "compaction", status: "running", reason, summary: "", recent };
      return appended({ ...session, inbox: without(session.inbox, id) }, begun);
    }
    case "session.compaction.delta":
      return changedCompaction(session, (message) => ({ ...message, summary: `${message.summary}${event.data.text}` }));
    case "session.compaction.ended": {
      const { sessionID: _id, text: summary, ...told } = event.data;
      return changedCompaction(session, (message) => ({ ...message, ...told, summary, status: "completed" }));
    }
    case "session.compaction.failed": {
      const { sessionID: _id, inputID: _input, ...told } = event.data;
      return changedCompaction(session, (message) => ({ ...message, ...told, status: "failed" }));
    }
    case "session.step.started":
      return stepStarted(session, event);
    case "permission.asked":
    case "permission.replied":
    case "form.created":
    case "session.created":
    case "session.deleted":
      return session;
    default: {
      const { assistantMessageID } = event.data;
      return changedMessage(
        session,
        ({ id }) => id === assistantMessageID,
        (message) => messageAfterStep(message, event),
      );
    }
  }
}

function stepStarted(
  session: MirroredSession2,
  event: Extract<ServerEvent2, { type: "session.step.started" }>,
): MirroredSession2 {
  const { assistantMessageID: id, agent, model, snapshot, started } = event.data;
  // Of several attempts the last one's request is the message's beginning; builds before 2.0 told none, and left it as
  // the first had it.
  const known = session.messages.find((message) => message.id === id);
  const created = started ?? fieldsOf(known?.time).created ?? event.at;
  const time = { created };
  const begun = { id, type: "assistant", agent, model, content: [], time, ...only({ snapshot: snapshotOf(snapshot) }) };
  if (!known) return appended(session, begun);
  // Read from the server when it was over already.
  if (fieldsOf(known.time).completed !== undefined) return session;
  return changedMessage(
    session,
    (message) => message.id === id,
    (message) => ({
      ...withoutField(message, "retry", "error", "finish"),
      ...{ agent, model, time },
    }),
  );
}

function snapshotOf(start: unknown): Fields | undefined {
  return start === undefined ? undefined : { start };
}

/** A message of its own that an event makes has the event's id. */
function made({ id, at }: ServerEvent2): { readonly id: string; readonly time: { readonly created: number } } {
  return { id: id.replace(/^evt_/, "msg_"), time: { created: at } };
}

function delivered(session: MirroredSession2, id: string, at: number): MirroredSession2 {
  const item = session.inbox.get(id);
  const rest = { ...session, inbox: without(session.inbox, id) };
  // A compaction tells of its own beginning.
  if (!item || (item.type !== "user" && item.type !== "synthetic")) return rest;
  const { files, ...payload } = fieldsOf(item.payload);
  const attached = Array.isArray(files) && files.length > 0 ? { files } : {};
  return appended(rest, { ...payload, ...attached, id, type: item.type, time: { created: at } });
}

function rested(session: MirroredSession2, event: ServerEvent2, outcome: string, error?: unknown): MirroredSession2 {
  const time = { ...fieldsOf(session.info.time), idle: event.at };
  const messages = session.messages.map((message) =>
    message.retry === undefined ? message : withoutField(message, "retry"),
  );
  const idle = { ...made(event), type: "idle", outcome, ...only({ error }) };
  if (messages.at(-1)?.type === "idle") return { ...session, messages, busy: false };
  return appended({ ...withInfo(session, { outcome, time }), messages, busy: false }, idle);
}

function withInfo(session: MirroredSession2, told: Fields): MirroredSession2 {
  return { ...session, info: { ...session.info, ...told } };
}

function appended(session: MirroredSession2, message: RawMessage2): MirroredSession2 {
  if (session.messages.some(({ id }) => id === message.id)) return session;
  return { ...session, messages: [...session.messages, message] };
}

function changedMessage(
  session: MirroredSession2,
  isIt: (message: RawMessage2) => boolean,
  change: (message: RawMessage2) => RawMessage2,
): MirroredSession2 {
  const at = session.messages.findLastIndex(isIt);
  const message = session.messages[at];
  const after = message && change(message);
  return after && after !== message ? { ...session, messages: session.messages.with(at, after) } : session;
}

function changedCompaction(session: MirroredSession2, change: (message: RawMessage2) => RawMessage2): MirroredSession2 {
  return changedMessage(session, ({ type, status }) => type === "compaction" && status === "running", change);
}

function without<Value>(map: ReadonlyMap<string, Value>, key: string): ReadonlyMap<string, Value> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
