import { setTimeout as sleep } from "node:timers/promises";
import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { z } from "zod";
import { isSessionId } from "../schema/ids.js";
import { type RawSession, type ServerEvent, sessionIdOf } from "../schema/server-event.js";
import { connect, type ServerConnection } from "./connection.js";
import { addEvidence, type EventEvidence, evidenceWithout, noEvidence } from "./event-evidence.js";
import { followEvents, type StreamTrouble } from "./event-stream.js";
import { busySessions, listServerSessions, looksUnfinished, type ServerSession } from "./list-sessions.js";
import { mirrorWeight } from "./mirror-weight.js";
import { readSessionFrom } from "./read-session.js";
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

export interface FollowSessionsOptions {
  /** Only the sessions of this project's directory. */
  readonly directory?: string | undefined;
  /** Only this session. */
  readonly session?: string | undefined;
  readonly signal: AbortSignal;
  /** A session at work has changed, or one of its subagents'. */
  readonly onChange?: ((rootId: string) => void) | undefined;
  /**
   * A session has come to rest, perhaps while nobody was listening. It is mirrored until this is done; the events that come
   * meanwhile wait.
   */
  readonly onIdle: (rootId: string) => Promise<void>;
  readonly onConnected?: ((first: boolean) => void) | undefined;
  readonly onTrouble?: ((trouble: StreamTrouble) => void) | undefined;
  /** What could not be read, or is not there to be followed, a sentence for a person. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** The sessions of a server that are at work. */
export interface FollowedSessions {
  readonly mirror: Mirror;
  readonly evidence: EventEvidence;
  /** Settles when `signal` is aborted and all is closed. */
  readonly ended: Promise<void>;
}

/** How far back, and among how many sessions, one at work is looked for. */
const LOOK_BACK_MS = 24 * 3_600_000;
const MOST_SESSIONS = 50;
/** What is mirrored at once, and waits to be taken. No person's opencode comes near it; what tells more is no opencode. */
const MOST_MIRRORED = 500;
const MOST_CHARACTERS = 128 * 1024 * 1024;
const MOST_QUEUED = 2_000;
const MOST_PARENTS = 100;
const MOST_NOTES = 50;
const MOST_REMEMBERED = 10_000;
/** The server's clock and the order of its writes are not to the millisecond. */
const SLACK_MS = 5_000;
const READ_MS = 60_000;
/**
 * opencode's stream of all projects says that it is connected before it listens (1.18: `Stream.make(connected)`, and only behind
 * it the subscription; on a busy machine 160 ms later). Whoever asks only then what is at work misses nothing.
 */
const NOT_YET_LISTENING_MS = 500;
/** A server that has just come back may not be quite there: waits before it is asked once more what was missed. */
const ASK_AGAIN_MS = [500, 2_000];

/** Either an event, or that events come from now on. */
type Queued = ServerEvent | { readonly type: "connected"; readonly first: boolean; readonly at: number };

/**
 * Mirrors the sessions of a server that are at work: those that are so at the start are read, those that begin are told. After
 * an interruption what is mirrored is read anew, and sessions that came to rest meanwhile are told of. One that rests is forgotten.
 */
export function followSessions(
  connection: ServerConnection,
  options: FollowSessionsOptions,
): FollowedSessions {
  const { signal, onChange, onIdle } = options;
  let mirror = emptyMirror;
  let evidence = noEvidence;
  let lastEventAt: number | undefined;
  const leftOut = new Set<string>();
  /** Sessions that could not be read; they are tried again when they come to rest. */
  const unreadable = new Set<string>();
  const queue: Queued[] = [];
  const weight = mirrorWeight();
  let notes = 0;
  let wake = (): void => undefined;
  let drained = (): void => undefined;

  /** @returns settles when there is room for more */
  const push = (queued: Queued): void | Promise<void> => {
    queue.push(queued);
    wake();
    if (queue.length < MOST_QUEUED) return undefined;
    return new Promise((resolve) => {
      drained = resolve;
    });
  };

  const note = (text: string): void => {
    notes += 1;
    if (notes <= MOST_NOTES) options.onNote?.(text);
    if (notes === MOST_NOTES)
      options.onNote?.("What else goes wrong with this server's sessions is not told any more.");
  };

  const patience = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]);

  /** Reads a session with all that belong to it; false when it is not one to be followed. */
  const read = async (id: string): Promise<boolean> => {
    const patient = { signal: patience() };
    try {
      const client = await connect(connection);
      let rootId = id;
      for (let depth = 0; depth < MOST_PARENTS; depth += 1) {
        const { data } = await client.session.get({ sessionID: rootId }, patient);
        if (!data?.parentID) break;
        rootId = data.parentID;
      }
      if (options.session !== undefined && options.session !== rootId) {
        remember(leftOut, id);
        return false;
      }
      const { raw } = await readSessionFrom(client, rootId, patient.signal);
      for (const [oneId, text] of raw) {
        mirror = withSession(mirror, sessionOf(text));
        weight.read(oneId, text.length);
      }
      return !isTooMuch(rootId);
    } catch (error) {
      if (signal.aborted) return false;
      remember(unreadable, id);
      const why = error instanceof Error ? error.message : String(error);
      note(`The session ${id} could not be read from the server: ${why}`);
      return false;
    }
  };

  const forget = (rootId: string): ReadonlySet<string> => {
    const family = new Set(familyOf(mirror, rootId));
    mirror = withoutSessions(mirror, family);
    evidence = evidenceWithout(evidence, family);
    weight.forget(family);
    return family;
  };

  const rest = async (rootId: string): Promise<void> => {
    await onIdle(rootId);
    forget(rootId);
  };

  /** Lets go of a session, with a note, where no more can be held. @returns whether it did */
  const isTooMuch = (rootId: string): boolean => {
    const isHeavy = weight.total > MOST_CHARACTERS;
    if (!isHeavy && mirror.size <= MOST_MIRRORED) return false;
    for (const id of forget(rootId)) remember(leftOut, id);
    const much = isHeavy
      ? `more than ${MOST_CHARACTERS / 1024 / 1024} MB`
      : `more than ${MOST_MIRRORED} sessions`;
    note(
      `The session ${rootId} is not followed any further: the server has told ${much} that are at work. \`looptrace trace ${rootId}\` sends it when it is over.`,
    );
    return true;
  };

  let hasLooked = false;
  /**
   * Tells, once, of a session that nothing may ever come of: else nobody would know why nothing happens. Where it cannot be
   * asked for, the next connection asks again.
   */
  const lookForWanted = async (client: OpencodeClient): Promise<void> => {
    const { session, directory, onNote } = options;
    if (session === undefined || !onNote || hasLooked) return;
    const { data, response } = await client.session.get({ sessionID: session }, { signal: patience() });
    hasLooked = data !== undefined || response?.status === 404;
    if (response?.status === 404) onNote(`The server has no session ${session} (yet); waiting for it.`);
    else if (data?.parentID)
      onNote(
        `The session ${session} is a subagent's and is traced with the one that it belongs to: follow ${data.parentID}.`,
      );
    else if (data && directory !== undefined && data.directory !== directory)
      onNote(
        `The session ${session} belongs to ${data.directory}, and only what happens in ${directory} is followed.`,
      );
  };

  /** What was missed is read; before the first event of a connection. */
  const catchUp = async (first: boolean): Promise<void> => {
    leftOut.clear();
    unreadable.clear();
    const client = await connect(connection);
    await lookForWanted(client).catch(() => undefined);
    const { directory } = options;
    const mirrored = new Set([...mirror.keys()].map((id) => rootOf(mirror, id)));
    const since = lastEventAt === undefined ? Date.now() - LOOK_BACK_MS : lastEventAt - SLACK_MS;
    const listed = { directory, since, limit: MOST_SESSIONS, signal: patience() };
    const sessions = await listServerSessions(client, listed);
    const candidates: ServerSession[] = [];
    for (const session of sessions) {
      // What was updated a moment ago is loaded there anyway.
      if (!first || (await looksUnfinished(client, session.id, patience()))) candidates.push(session);
    }
    // A tool that takes long, or a person who is asked, keeps a session at work without any update.
    const atWork = [...mirrored].flatMap((id) => textOf(mirror.get(id)?.info.directory) ?? []);
    const directories = new Set([...candidates.map((one) => one.directory), ...atWork]);
    const askBusy = async (): Promise<Set<string>> => {
      const all = new Set<string>();
      for (const one of directories)
        for (const id of await busySessions(client, one, patience())) all.add(id);
      return all;
    };
    const busy = await askBusy();
    for (const id of [...new Set([...mirrored, ...busy])].slice(0, MOST_MIRRORED)) {
      if (!mirror.has(id) || mirrored.has(id)) await read(id);
    }
    for (const id of busy) {
      const session = mirror.get(id);
      if (session?.status.type === "idle") mirror = withSession(mirror, session, { type: "busy" });
    }
    const busyRoots = new Set([...busy].map((id) => rootOf(mirror, id)));
    const missed = first ? [] : sessions.map(({ id }) => id).filter((id) => isWanted(id));
    for (const id of new Set([...mirrored, ...missed])) {
      if (busyRoots.has(id) || !(mirror.has(id) || (await read(id)))) continue;
      // It may have begun since the server was asked; its own events tell of the end then.
      if ([...(await askBusy())].some((one) => rootOf(mirror, one) === id)) busyRoots.add(id);
      // Or have been read in its midst, and have ended since.
      else if (await read(id)) await rest(id);
    }
    for (const id of busyRoots) onChange?.(id);
  };

  const catchUpPatiently = async (first: boolean): Promise<void> => {
    if (options.directory === undefined) await sleep(NOT_YET_LISTENING_MS, undefined, { signal });
    for (const waitMs of ASK_AGAIN_MS) {
      try {
        return await catchUp(first);
      } catch {
        await sleep(waitMs, undefined, { signal });
      }
    }
    await catchUp(first);
  };

  const isWanted = (id: string): boolean => options.session === undefined || options.session === id;
  /** A subagent's session belongs to one that is mirrored, or is read with it. */
  const isWantedNew = ({ id, parentID }: RawSession): boolean =>
    parentID ? mirror.has(parentID) : isWanted(id);

  /** Whether only a subagent of a session was at work that is at rest itself. */
  const hasOutlived = async (rootId: string): Promise<boolean> => {
    const family = familyOf(mirror, rootId).map((id) => mirror.get(id));
    if (family.some((session) => session?.status.type !== "idle")) return false;
    const directory = textOf(mirror.get(rootId)?.info.directory);
    if (directory === undefined) return false;
    // What was read in its midst looks idle here until an event says otherwise.
    const busy = await connect(connection)
      .then((client) => busySessions(client, directory, patience()))
      .catch(() => new Set([rootId]));
    return !busy.has(rootId);
  };

  const take = async (event: ServerEvent): Promise<void> => {
    lastEventAt = Math.max(lastEventAt ?? 0, event.at);
    const id = sessionIdOf(event);
    // An id that is none could name anything: it becomes a file's name, and a part of an address.
    if (id === undefined || leftOut.has(id) || !isSessionId(id)) return;
    if (unreadable.has(id)) {
      if (!isAtRest(event)) return;
      unreadable.delete(id);
      if ((await read(id)) && rootOf(mirror, id) === id) await rest(id);
      return;
    }
    if (event.type === "session.created" && !isWantedNew(event.properties.info)) return;
    // All work begins with it, and reading at less would bring back what rests.
    const works = event.type === "session.status" && event.properties.status.type !== "idle";
    if (works && !mirror.has(id) && !(await read(id))) return;
    const before = mirror;
    mirror = applyEvent(mirror, event);
    if (!mirror.has(id)) return;
    evidence = addEvidence(evidence, event);
    weight.told(event);
    const rootId = rootOf(mirror, id);
    if (isTooMuch(rootId)) return;
    if (isAtRest(event) && (id === rootId || (await hasOutlived(rootId)))) await rest(rootId);
    else if (mirror !== before) onChange?.(rootId);
  };

  const pump = async (): Promise<void> => {
    while (!signal.aborted) {
      const next = queue.shift();
      if (queue.length < MOST_QUEUED / 2) drained();
      if (next === undefined) {
        await new Promise<void>((woken) => {
          wake = woken;
        });
        continue;
      }
      if (next.type !== "connected") await take(next);
      else {
        await catchUpPatiently(next.first).catch((error: unknown) => {
          if (signal.aborted) return;
          note(
            `What is at work could not be asked: ${error instanceof Error ? error.message : String(error)}`,
          );
        });
        // From here on the server tells what happens, and nothing before is missed any more.
        lastEventAt ??= next.at;
        if (!signal.aborted) options.onConnected?.(next.first);
      }
    }
  };

  const letGo = (): void => {
    wake();
    drained();
  };
  signal.addEventListener("abort", letGo, { once: true });
  const following = followEvents(connection, {
    directory: options.directory,
    signal,
    onEvent: push,
    onConnected: (first) => void push({ type: "connected", first, at: Date.now() }),
    onTrouble: options.onTrouble,
  });
  return {
    get mirror() {
      return mirror;
    },
    get evidence() {
      return evidence;
    },
    ended: Promise.all([following, pump()]).then(() => undefined),
  };
}

/** The oldest is forgotten where there are too many. */
function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  const [oldest] = ids;
  if (ids.size > MOST_REMEMBERED && oldest !== undefined) ids.delete(oldest);
}

function isAtRest(event: ServerEvent): boolean {
  return (
    event.type === "session.idle" ||
    (event.type === "session.status" && event.properties.status.type === "idle")
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

const identified = z.looseObject({ id: z.string() });
const readFromServer = z.object({
  info: identified,
  messages: z.array(
    z.object({
      info: identified.extend({ role: z.string() }),
      parts: z.array(identified.extend({ type: z.string(), messageID: z.string() })),
    }),
  ),
});

/** What `readSessionFrom` has read, which has been checked there. */
function sessionOf(text: string): Pick<MirroredSession, "info" | "messages"> {
  const { info, messages } = readFromServer.parse(JSON.parse(text));
  return {
    info: { ...info, parentID: typeof info.parentID === "string" ? info.parentID : undefined },
    messages,
  };
}
