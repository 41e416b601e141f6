import { setTimeout as sleep } from "node:timers/promises";
import { SessionNotFoundError } from "../../../errors/session-not-found-error.js";
import { messageOf } from "../../../errors/thrown.js";
import { fieldsOf } from "../../../text/json-fields.js";
import { isSessionId } from "../../schema/ids.js";
import { boundedQueue } from "../../server/bounded-queue.js";
import { noteAboutFound } from "../../server/catch-up.js";
import type { ServerConnection } from "../../server/connection.js";
import { addEvidence, evidenceWithout, noEvidence } from "../../server/event-evidence.js";
import { followSource } from "../../server/event-stream.js";
import { FOLLOW_PACE_MS, type FollowedServer, type FollowServerHooks } from "../../server/followed-server.js";
import { limitedNotes } from "../../server/limited-notes.js";
import { EVENTS_OF_2 } from "./adapter-of-2.js";
import { factsOf2 } from "./event-facts.js";
import { familyAtWork } from "./family-at-work.js";
import { readFamily, treeOf2 } from "./follow-session.js";
import { listSessions2From } from "./list-sessions.js";
import { mcpServersOf2 } from "./open-session.js";
import { readSession2From } from "./read-session.js";
import { requestData, requestOfSession } from "./request.js";
import { type ServerEvent2, sessionIdOf2 } from "./server-event.js";
import { applyEvent2, emptyMirror2, familyOf2, type Mirror2, rootOf2, withSession2 } from "./session-mirror.js";
import { workingOf2 } from "./working-sessions.js";

type Queued = ServerEvent2 | { readonly type: "connected"; readonly first: boolean; readonly at: number };

/** No person's opencode comes near these; what tells more is no opencode. */
const MOST_MIRRORED = 500;
const MOST_CHARACTERS = 128 * 1024 * 1024;
const MOST_QUEUED = 2_000;
const MOST_PARENTS = 100;
/** After a break, as many of the sessions that were updated last are looked at. */
const MOST_MISSED = 50;
const READ_MS = 60_000;
/** The server's clock and the order of its writes are not to the millisecond. */
const SLACK_MS = 5_000;
/** A subagent that worked in the background has ended a moment before its result is handed to who started it. */
const HAND_OVER_MS = 250;
/** A server that has just come back may not be quite there: waits before it is asked once more what was missed. */
const ASK_AGAIN_MS = [500, 2_000];

/**
 * Mirrors the sessions of a server of opencode 2 that are at work, as `followSessions` does those of 1.x. A session has
 * come to rest when nothing of it and its subagents is at work, those in the background included.
 *
 * opencode 2 keeps no events: what a session told while the stream was away is read from the session itself.
 */
export function followSessions2(connection: ServerConnection, hooks: FollowServerHooks): FollowedServer {
  const { signal, directory, session: wanted } = hooks;
  let mirror: Mirror2 = emptyMirror2;
  let evidence = noEvidence;
  let lastEventAt: number | undefined;
  /** Sessions that are not followed, until the next connection. */
  const leftOut = new Set<string>();
  /** Sessions that could not be read; they are tried again when they come to rest. */
  const unreadable = new Set<string>();
  /** When a session was read, ms since the epoch. */
  const readAt = new Map<string, number>();
  /** In characters of the JSON that told them. */
  const weights = new Map<string, number>();
  const note = limitedNotes(hooks.onNote);
  const patience = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]);
  const client = { connection, directory: directory ?? "", signal };

  const forget = (ids: readonly string[]): void => {
    mirror = new Map([...mirror].filter(([id]) => !ids.includes(id)));
    evidence = evidenceWithout(evidence, new Set(ids));
    for (const id of ids) {
      readAt.delete(id);
      weights.delete(id);
    }
  };

  /** Lets go of a session, with a note, where no more can be held. @returns whether it did */
  const isTooMuch = (rootId: string): boolean => {
    const isHeavy = [...weights.values()].reduce((sum, weight) => sum + weight, 0) > MOST_CHARACTERS;
    if (!isHeavy && mirror.size <= MOST_MIRRORED) return false;
    const family = familyOf2(mirror, rootId);
    forget(family);
    for (const id of family) leftOut.add(id);
    const much = isHeavy ? `more than ${MOST_CHARACTERS / 1024 / 1024} MB` : `more than ${MOST_MIRRORED} sessions`;
    note(
      `The session ${rootId} is not followed any further: the server has told ${much} that are at work. \`looptrace trace ${rootId}\` sends it when it is over.`,
    );
    return true;
  };

  const activeIds = async (): Promise<ReadonlySet<string>> => {
    const what = "ask what is at work";
    const { data } = await requestData(connection, "/api/session/active", { what, signal: patience() });
    return new Set(Object.keys(fieldsOf(data)));
  };

  /** Reads a session with all that belong to it. @returns its root; undefined when it is not one to be followed */
  const read = async (id: string): Promise<string | undefined> => {
    const patient = patience();
    try {
      const root = await rootFrom(connection, id, patient);
      const isWanted = wanted === undefined || wanted === root.id;
      if (!isWanted || (directory !== undefined && directory !== root.directory)) {
        leftOut.add(id);
        return undefined;
      }
      const from = Date.now();
      const fresh = await readFamily(connection, root.id, patient);
      const active = await activeIds();
      for (const [oneId, session] of fresh) {
        mirror = withSession2(mirror, session, active.has(oneId));
        readAt.set(oneId, from);
        weights.set(oneId, JSON.stringify(session.messages).length);
      }
      unreadable.delete(id);
      return isTooMuch(root.id) ? undefined : root.id;
    } catch (error) {
      if (signal.aborted) return undefined;
      unreadable.add(id);
      note(`The session ${id} could not be read from the server: ${messageOf(error)}`);
      return undefined;
    }
  };

  const isAtWork = (rootId: string): boolean => familyOf2(mirror, rootId).some((id) => mirror.get(id)?.busy === true);

  /** Asks the server: what was read in its midst may look idle here. Where it cannot be asked, the events decide. */
  const isQuiet = async (rootId: string): Promise<boolean> => {
    if (isAtWork(rootId)) return false;
    for (let isConfirmed = false; ; isConfirmed = true) {
      const asked = await familyAtWork(client, rootId, patience()).catch(() => undefined);
      if (asked && asked.active.length > 0) {
        mirror = withBusy(mirror, new Set(asked.active), false);
        return false;
      }
      if (!asked?.hasChildren || isConfirmed) return true;
      await sleep(HAND_OVER_MS, undefined, { signal });
    }
  };

  const rest = async (rootId: string): Promise<void> => {
    if (!(await isQuiet(rootId))) return hooks.onChange?.(rootId, true);
    await hooks.onIdle(rootId);
    forget(familyOf2(mirror, rootId));
  };

  const take = async (event: ServerEvent2): Promise<void> => {
    lastEventAt = Math.max(lastEventAt ?? 0, event.at);
    const id = sessionIdOf2(event);
    // An id that is none could name anything: it becomes a file's name, and a part of an address.
    if (leftOut.has(id) || !isSessionId(id)) return;
    if (event.type === "session.created") {
      // A subagent's session belongs to one that is mirrored; others are read when they begin to work.
      if (event.data.parentID == null || !mirror.has(event.data.parentID)) return;
    } else if (!mirror.has(id)) {
      if (!(isEnd(event) || (isWork(event) && !unreadable.has(id)))) return;
      if ((await read(id)) === undefined) return;
    }
    // The server goes, and its turns stay open: the next one may go on with them.
    if (event.type === "session.execution.interrupted" && event.data.reason === "shutdown") return;
    const rootId = rootOf2(mirror, id);
    const before = mirror;
    if (event.type === "session.deleted") return forget(familyOf2(mirror, id));
    // What stands in a session that was read later is not added to it once more.
    if (!(event.type.endsWith(".delta") && event.at < (readAt.get(id) ?? 0))) mirror = applyEvent2(mirror, event);
    for (const fact of factsOf2(event)) evidence = addEvidence(evidence, fact);
    if (event.type !== "session.tool.progress") weights.set(id, (weights.get(id) ?? 0) + event.size);
    if (isTooMuch(rootId)) return;
    if (isEnd(event)) await rest(rootId);
    else if (mirror !== before) hooks.onChange?.(rootId, !event.type.endsWith(".delta"));
  };

  const catchUp = async (first: boolean): Promise<void> => {
    leftOut.clear();
    unreadable.clear();
    const active = await activeIds();
    const since = (lastEventAt ?? Date.now()) - SLACK_MS;
    const missed = first ? [] : await listSessions2From(connection, { since, limit: MOST_MISSED, signal: patience() });
    const mirrored = [...new Set([...mirror.keys()].map((id) => rootOf2(mirror, id)))];
    // One that only has a prompt waiting is not over: its end is told when it comes, or is among what was missed.
    const worked = mirrored.filter(isAtWork);
    mirror = withBusy(mirror, active, true);
    for (const id of mirrored) await read(id);
    for (const id of [...active].slice(0, MOST_MIRRORED)) if (!mirror.has(id) && !leftOut.has(id)) await read(id);
    const isWanted = (id: string): boolean => wanted === undefined || wanted === id;
    const missedIds = missed.map(({ id }) => id).filter(isWanted);
    for (const id of new Set([...worked, ...missedIds])) {
      if (mirror.has(id) || (await read(id)) !== undefined) await rest(id);
    }
    for (const id of mirror.keys()) if (rootOf2(mirror, id) === id) hooks.onChange?.(id, true);
  };

  let hasNoted = hooks.onNote === undefined || wanted === undefined;
  const connected = async (first: boolean, at: number): Promise<void> => {
    for (const waitMs of [...ASK_AGAIN_MS, undefined]) {
      try {
        // Where it cannot be asked for, the next connection asks again.
        if (!hasNoted && wanted !== undefined) {
          noteAboutFound(wanted, await foundOn(connection, wanted, patience()), hooks);
          hasNoted = true;
        }
        await catchUp(first);
        break;
      } catch (error) {
        if (signal.aborted) return;
        if (waitMs === undefined) note(`What is at work could not be asked: ${messageOf(error)}`);
        else await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
    lastEventAt ??= at;
    if (!signal.aborted) hooks.onConnected?.(first);
  };

  const queue = boundedQueue<Queued>(MOST_QUEUED, signal);
  const pump = async (): Promise<void> => {
    for (;;) {
      const next = await queue.next();
      if (next === undefined) return;
      const taken = next.type === "connected" ? connected(next.first, next.at) : take(next);
      await taken.catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  };
  const following = followSource(EVENTS_OF_2, connection, {
    signal,
    paceMs: FOLLOW_PACE_MS,
    onEvent: queue.push,
    onConnected: (first) => void queue.push({ type: "connected", first, at: Date.now() }),
    onTrouble: hooks.onTrouble,
  });
  return {
    evidence: () => evidence,
    roots: () => [...new Set([...mirror.keys()].map((id) => rootOf2(mirror, id)))],
    isAtWork,
    family: (rootId) => familyOf2(mirror, rootId),
    directoryOf: (rootId) => directoryIn(mirror.get(rootId)?.info),
    tree: (rootId) => {
      try {
        return treeOf2(onlyOf(mirror, familyOf2(mirror, rootId)), rootId);
      } catch {
        // Of a server that tells what is no session.
        return undefined;
      }
    },
    raw: (rootId) => rawOf(mirror, rootId),
    read: async (rootId, patient) => await readSession2From(connection, rootId, patient),
    mcpServers: async (place, patient) => await mcpServersOf2({ connection, directory: place ?? "", signal: patient }),
    working: () => workingOf2(mirror),
    ended: Promise.all([following, pump()]).then(() => undefined),
  };
}

/** A session's work begins with the first, and one that is at work tells the others. */
function isWork({ type }: ServerEvent2): boolean {
  return type === "session.inbox.enqueued" || type === "session.execution.started" || type === "session.step.started";
}

function isEnd({ type }: ServerEvent2): boolean {
  return (
    type === "session.execution.succeeded" ||
    type === "session.execution.failed" ||
    type === "session.execution.interrupted"
  );
}

/** @param all whether those that are not among them are idle then */
function withBusy(mirror: Mirror2, active: ReadonlySet<string>, all: boolean): Mirror2 {
  return new Map(
    [...mirror].map(([id, session]) => [id, { ...session, busy: active.has(id) || (!all && session.busy) }] as const),
  );
}

function onlyOf(mirror: Mirror2, ids: readonly string[]): Mirror2 {
  return new Map([...mirror].filter(([id]) => ids.includes(id)));
}

/** As `opencode session export` writes it. */
function rawOf(mirror: Mirror2, rootId: string): ReadonlyMap<string, string> {
  const family = onlyOf(mirror, familyOf2(mirror, rootId));
  const texts = [...family].map(
    ([id, { info, messages }]) => [id, `${JSON.stringify({ info, messages }, null, 2)}\n`] as const,
  );
  return new Map(texts.sort(([id]) => (id === rootId ? -1 : 0)));
}

function directoryIn(info: unknown): string | undefined {
  const { directory } = fieldsOf(fieldsOf(info).location);
  return typeof directory === "string" ? directory : undefined;
}

interface FoundSession {
  readonly id: string;
  readonly parentID: string | undefined;
  readonly directory: string | undefined;
}

async function rootFrom(connection: ServerConnection, id: string, signal: AbortSignal): Promise<FoundSession> {
  let found = await infoOf(connection, id, signal);
  for (let depth = 0; depth < MOST_PARENTS && found.parentID !== undefined; depth += 1)
    found = await infoOf(connection, found.parentID, signal);
  return found;
}

/** @returns undefined where the server has none */
async function foundOn(
  connection: ServerConnection,
  id: string,
  signal: AbortSignal,
): Promise<FoundSession | undefined> {
  try {
    return await infoOf(connection, id, signal);
  } catch (error) {
    if (error instanceof SessionNotFoundError) return undefined;
    throw error;
  }
}

async function infoOf(connection: ServerConnection, id: string, signal: AbortSignal): Promise<FoundSession> {
  if (!isSessionId(id)) throw new SessionNotFoundError(id);
  const { data } = await requestOfSession(connection, id, "", { signal });
  const { parentID } = fieldsOf(data);
  return { id, parentID: typeof parentID === "string" ? parentID : undefined, directory: directoryIn(data) };
}
