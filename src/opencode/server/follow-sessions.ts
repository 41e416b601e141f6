import { z } from "zod";
import type { ServerEvent } from "../schema/server-event.js";
import { catchUp, noteAboutWanted } from "./catch-up.js";
import { connect, type ServerConnection } from "./connection.js";
import type { EventEvidence } from "./event-evidence.js";
import { eventQueue } from "./event-queue.js";
import { followEvents } from "./event-stream.js";
import { type FollowAction, type FollowInput, followStep, nothingFollowed } from "./follow-state.js";
import { FOLLOW_PACE_MS, type FollowServerHooks } from "./followed-server.js";
import { limitedNotes } from "./limited-notes.js";
import { busySessions } from "./list-sessions.js";
import { mirrorWeight } from "./mirror-weight.js";
import { readSessionFrom } from "./read-session.js";
import { familyOf, type Mirror, type MirroredSession, rootOf } from "./session-mirror.js";

/** The sessions of a server that are at work. */
export interface FollowedSessions {
  readonly mirror: Mirror;
  readonly evidence: EventEvidence;
  /** Settles when `signal` is aborted and all is closed. */
  readonly ended: Promise<void>;
}

/**
 * What is mirrored at once, and waits to be taken. No person's opencode comes near it; what tells more is no opencode.
 */
const MOST_MIRRORED = 500;
const MOST_CHARACTERS = 128 * 1024 * 1024;
const MOST_QUEUED = 2_000;
const MOST_PARENTS = 100;
const READ_MS = 60_000;

/**
 * Mirrors the sessions of a server that are at work: those that are so at the start are read, those that begin are
 * told. After an interruption what is mirrored is read anew, and sessions that came to rest meanwhile are told of. One
 * that rests is forgotten.
 *
 * What the events mean is in `follow-state.ts`; here it is done, one event after the other.
 */
export function followSessions(connection: ServerConnection, options: FollowServerHooks): FollowedSessions {
  const { signal } = options;
  let state = nothingFollowed;
  const weight = mirrorWeight();
  const note = limitedNotes(options.onNote);
  const patience = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]);

  const apply = (input: FollowInput): readonly FollowAction[] => {
    const step = followStep(state, input, options.session);
    state = step.state;
    return step.actions;
  };

  /** Lets go of a session, with a note, where no more can be held. @returns whether it did */
  const isTooMuch = (rootId: string): boolean => {
    const isHeavy = weight.total > MOST_CHARACTERS;
    if (!isHeavy && state.mirror.size <= MOST_MIRRORED) return false;
    weight.forget(familyOf(state.mirror, rootId));
    apply({ type: "too-much", rootId });
    const much = isHeavy ? `more than ${MOST_CHARACTERS / 1024 / 1024} MB` : `more than ${MOST_MIRRORED} sessions`;
    note(
      `The session ${rootId} is not followed any further: the server has told ${much} that are at work. \`looptrace trace ${rootId}\` sends it when it is over.`,
    );
    return true;
  };

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
        apply({ type: "unwanted", id });
        return false;
      }
      const told = (oneId: string) => state.mirror.get(oneId)?.messages ?? [];
      const { raw } = await readSessionFrom(client, rootId, patient.signal, told);
      apply({ type: "read", sessions: [...raw.values()].map(sessionOf) });
      for (const [oneId, text] of raw) weight.read(oneId, text.length);
      return !isTooMuch(rootId);
    } catch (error) {
      if (signal.aborted) return false;
      apply({ type: "unreadable", id });
      note(`The session ${id} could not be read from the server: ${messageOf(error)}`);
      return false;
    }
  };

  const rest = async (rootId: string): Promise<void> => {
    await options.onIdle(rootId);
    weight.forget(familyOf(state.mirror, rootId));
    apply({ type: "rested", rootId });
  };

  const act = async (action: FollowAction, event: ServerEvent): Promise<void> => {
    switch (action.type) {
      case "read": {
        const { id } = action;
        if (!(await read(id))) return;
        if (action.next === "event") await take(event, true);
        else if (rootOf(state.mirror, id) === id) await rest(id);
        return;
      }
      case "weigh":
        return weight.told(event);
      case "changed":
        return options.onChange?.(action.rootId, action.isOver);
      case "rest":
        return await rest(action.rootId);
      case "ask-for-rest": {
        const { rootId, directory, isChanged } = action;
        const busy = await connect(connection)
          .then((client) => busySessions(client, directory, patience()))
          .catch(() => new Set([rootId]));
        if (!busy.has(rootId)) await rest(rootId);
        else if (isChanged) options.onChange?.(rootId, true);
        return;
      }
      default:
        action satisfies never;
    }
  };

  const take = async (event: ServerEvent, wasRead = false): Promise<void> => {
    for (const action of apply({ type: "event", event, wasRead })) {
      await act(action, event);
      if (action.type === "weigh" && isTooMuch(action.rootId)) return;
    }
  };

  let hasNoted = options.onNote === undefined;
  const connected = async (first: boolean, at: number): Promise<void> => {
    const context = {
      options,
      connect: async () => {
        const client = await connect(connection);
        // Where it cannot be asked for, the next connection asks again.
        if (!hasNoted) hasNoted = await noteAboutWanted(client, options, patience()).catch(() => false);
        return client;
      },
      patience,
      state: () => state,
      apply,
      read,
      rest,
      mostSessions: MOST_MIRRORED,
    };
    await catchUp(first, context).catch((error: unknown) => {
      if (!signal.aborted) note(`What is at work could not be asked: ${messageOf(error)}`);
    });
    // From here on the server tells what happens, and nothing before is missed any more.
    apply({ type: "listening", at });
    if (!signal.aborted) options.onConnected?.(first);
  };

  const queue = eventQueue(MOST_QUEUED, signal);
  const pump = async (): Promise<void> => {
    for (;;) {
      const next = await queue.next();
      if (next === undefined) return;
      if (next.type === "connected") await connected(next.first, next.at);
      else await take(next);
    }
  };
  const following = followEvents(connection, {
    directory: options.directory,
    signal,
    paceMs: FOLLOW_PACE_MS,
    onEvent: queue.push,
    onConnected: queue.connected,
    onTrouble: options.onTrouble,
  });
  return {
    get mirror() {
      return state.mirror;
    },
    get evidence() {
      return state.evidence;
    },
    ended: Promise.all([following, pump()]).then(() => undefined),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
