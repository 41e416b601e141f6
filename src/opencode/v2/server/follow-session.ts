import { InvalidExportError } from "../../../errors/invalid-export-error.js";
import { fieldsOf } from "../../../text/json-fields.js";
import { assembleSessions } from "../../read/assemble-sessions.js";
import { exportFromJson } from "../../read/read-export.js";
import type { SessionExport, SessionTree } from "../../schema/exported-session.js";
import type { ServerConnection } from "../../server/connection.js";
import { addEvidence, type EventEvidence, noEvidence } from "../../server/event-evidence.js";
import { followSource } from "../../server/event-stream.js";
import { EVENTS_OF_2 } from "./adapter-of-2.js";
import { factsOf2 } from "./event-facts.js";
import { childrenOf2, rawSession2From } from "./read-session.js";
import { type ServerEvent2, sessionIdOf2 } from "./server-event.js";
import {
  applyEvent2,
  emptyMirror2,
  type Mirror2,
  type MirroredSession2,
  type RawMessage2,
  withSession2,
} from "./session-mirror.js";

/** One session of a server of opencode 2, with those of its subagents, as it is at the moment. */
export interface FollowedSession2 {
  /** Undefined until it has been read; what cannot be read of it is left out. */
  readonly tree: () => SessionTree | undefined;
  /** The ids of the session and of its subagents'. */
  readonly family: () => ReadonlySet<string>;
  readonly evidence: () => EventEvidence;
  /** Settles when the signal is aborted and all is closed. */
  readonly ended: Promise<void>;
}

const MOST_SESSIONS = 500;

/** Follows it by the server's events; where these were away, it is read again. */
export function followSession2(
  connection: ServerConnection,
  sessionId: string,
  { signal, onChange }: { readonly signal: AbortSignal; readonly onChange: () => void },
): FollowedSession2 {
  let mirror: Mirror2 = emptyMirror2;
  let evidence = noEvidence;
  /** What is told while the session is read. */
  let waiting: ServerEvent2[] | undefined;
  let readings = 0;

  const take = (event: ServerEvent2): void => {
    const isOurs = mirror.has(sessionIdOf2(event)) || isSubagent(event, mirror);
    if (!isOurs || mirror.size > MOST_SESSIONS) return;
    const before = mirror;
    mirror = applyEvent2(mirror, event);
    for (const fact of factsOf2(event)) evidence = addEvidence(evidence, fact);
    if (mirror !== before) onChange();
  };
  const read = async (): Promise<void> => {
    readings += 1;
    const mine = readings;
    const from = Date.now();
    waiting = [];
    const fresh = await readFamily(connection, sessionId, signal).catch(() => undefined);
    if (mine !== readings) return;
    mirror = fresh ?? mirror;
    const events = waiting;
    waiting = undefined;
    // What was told before is in what was read.
    for (const event of events) if (event.at >= from) take(event);
    onChange();
  };

  const ended = followSource(EVENTS_OF_2, connection, {
    signal,
    onConnected: () => void read(),
    onEvent: (event) => (waiting ? waiting.push(event) : take(event)),
  });
  return {
    tree: () => treeOf2(mirror, sessionId),
    family: () => new Set(mirror.keys()),
    evidence: () => evidence,
    ended,
  };
}

function isSubagent(event: ServerEvent2, mirror: Mirror2): boolean {
  return event.type === "session.created" && event.data.parentID != null && mirror.has(event.data.parentID);
}

/** A session and its subagents, as the server has them; all of them at work. */
export async function readFamily(
  connection: ServerConnection,
  sessionId: string,
  signal: AbortSignal,
): Promise<Mirror2> {
  let mirror = emptyMirror2;
  const family = new Set([sessionId]);
  for (const id of family) {
    if (family.size >= MOST_SESSIONS) break;
    const { info, messages } = await rawSession2From(connection, id, signal);
    mirror = withSession2(mirror, { info: { ...fieldsOf(info), id }, messages: messages.flatMap(identified) }, true);
    for (const child of await childrenOf2(connection, id, signal)) family.add(child);
  }
  return mirror;
}

/** A message without an id and a type is none. */
function identified(message: unknown): readonly RawMessage2[] {
  const { id, type, ...rest } = fieldsOf(message);
  return typeof id === "string" && typeof type === "string" ? [{ ...rest, id, type }] : [];
}

/** A mirrored session with those of its subagents, without what cannot be read. */
export function treeOf2(mirror: Mirror2, sessionId: string): SessionTree | undefined {
  const sessions = [...mirror.values()].flatMap((session) => readOnce(session) ?? []);
  return assembleSessions(sessions).find(({ session }) => session.info.id === sessionId);
}

/** What was read of values that are still the same; null where it could not be read. */
const known = new WeakMap<MirroredSession2, SessionExport | null>();

function readOnce(session: MirroredSession2): SessionExport | null {
  const before = known.get(session);
  if (before !== undefined) return before;
  const read = readable(session);
  known.set(session, read);
  return read;
}

function readable({ info, messages }: MirroredSession2): SessionExport | null {
  try {
    return exportFromJson({ info, messages }, info.id);
  } catch (error) {
    if (error instanceof InvalidExportError) return null;
    throw error;
  }
}
