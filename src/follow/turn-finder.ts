import { ServerRequestError } from "../errors/server-request-error.js";
import { SessionNotFoundError } from "../errors/session-not-found-error.js";
import { messageOf } from "../errors/thrown.js";
import type { StorePaths } from "../files/store-paths.js";
import type { Masking } from "../masking/mask.js";
import type { Masked } from "../masking/masked.js";
import { configuredServers, findOpenCodeLog } from "../opencode/program.js";
import { endOfMessages, type StoredEntry, type StoreServer } from "../opencode/server.js";
import { traceRecorded } from "../sessions/loaded-session.js";
import { abandonedRuns, hasOwner } from "../sessions/run-owner.js";
import { SessionRecorder } from "../sessions/session-recorder.js";
import { namesOfMany } from "../sessions/store-files.js";
import type { LoopTrace } from "../trace/model.js";
import { traceSession } from "../trace/trace-session.js";
import type { UnfinishedSession } from "./attach.js";
import type { FollowStoreOptions } from "./options.js";
import { withTold } from "./told-turns.js";
import {
  type Asked,
  isAtWork,
  judgeSession,
  lookIn,
  nextAskAt,
  noTurnsSince,
  settlesIn,
  withChanged,
  withoutPending,
} from "./turn-state.js";

const SLACK_MS = 5_000;
/** So many are asked for first, and more while there are. */
const SESSIONS_AT_ONCE = 200;
const READ_MS = 60_000;
/** Finds the turns of a store that are over, each once, and those that went on after that once more. */
export interface TurnFinder {
  /**
   * Never throws for what a server or a disk does.
   *
   * @returns after how many ms it is to look again, should nothing change
   */
  look(server: StoreServer): Promise<number>;
  recordLeft(server: StoreServer): Promise<readonly UnfinishedSession[]>;
}

export interface TurnFinderOptions extends Pick<FollowStoreOptions, "signal" | "onNote"> {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Only the sessions of this project's directory. */
  readonly only?: string | undefined;
  /** Turns that ended before are left alone, ms since the epoch. */
  readonly since: number;
  readonly paths: StorePaths;
  readonly masking: Masking | undefined;
  /** Tells when sessions are asked once more, ms; default the time of day. */
  readonly clock?: (() => number) | undefined;
  /** A turn is over, and recorded; it is to be sent. */
  readonly onTurn: (trace: Masked<LoopTrace>, stored: boolean) => void;
}

/** What is over is judged in `turn-state.ts`; here the server is asked, and turns are recorded. */
export function turnFinder(options: TurnFinderOptions): TurnFinder {
  const { environment, signal, since, paths, onNote, only, clock = Date.now } = options;
  const recorder = new SessionRecorder(options);
  // Many are asked for at a time.
  const namesOf = namesOfMany(paths, options.clock);
  let state = noTurnsSince(since);
  const asked = new Map<string, Asked>();
  const complained = new Set<string>();
  let troubled = false;

  const patience = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]);

  const changedSessions = async (server: StoreServer): Promise<readonly StoredEntry[]> => {
    for (let limit = SESSIONS_AT_ONCE; ; limit *= 2) {
      const listed = { since: state.newest - SLACK_MS, limit, signal: patience() };
      const sessions = await server.list(listed);
      if (sessions.length >= limit) continue;
      // Asked for one directory, opencode would load its project, and note that in its store.
      return sessions.filter(
        ({ id, directory, updated }) => (only === undefined || directory === only) && state.seen.get(id) !== updated,
      );
    }
  };

  /** @returns in how many ms a turn may be over that is not yet; undefined when only a change can tell */
  const consider = async (server: StoreServer, id: string): Promise<number | undefined> => {
    const told = await server.endOf(id, patience());
    if (told.isEmpty) {
      state = withoutPending(state, id);
      return undefined;
    }
    // A turn whose looptrace was killed is over, even if it looks as if it were at work.
    if (isAtWork(state, id, told, Date.now()) && !(await hasOwner(paths, id, namesOf))) return undefined;
    const settlesMs = settlesIn(told, Date.now());
    if (settlesMs > 0) return settlesMs;
    const read = await server.read(id, patience());
    const { session } = read.tree;
    // It may have gone on since it was asked for.
    const end = (session.generation === 1 && endOfMessages(session.messages)) || told;
    const runs = end.state === "at-rest" ? [] : await abandonedRuns(paths, session);
    const traces = traceSession(read.tree, { runs }).filter(({ loop }) => loop.sessionId === id);
    const judged = judgeSession(state, { id, end, traces }, since, Date.now());
    if (judged.over.size > 0) {
      const { directory, time } = session.info;
      const logText = await findOpenCodeLog([...read.raw.keys()], time.created, environment, directory);
      // The opencode that reads the store has no server of its own.
      const mcpServers = await configuredServers({ directory, environment, projectConfig: true });
      const recorded = await recorder.record({ ...read, logText, mcpServers }, null);
      for (const note of [...read.notes, ...recorded.notes]) onNote?.(note);
      const turns = traceRecorded(recorded).filter(
        ({ loop }) => loop.sessionId === id && judged.over.has(loop.userMessageId),
      );
      for (const trace of turns) options.onTurn(trace, recorded.stored);
      const loops = turns.map(({ loop }) => loop);
      state = { ...judged.state, told: withTold(judged.state.told, loops) };
    } else {
      state = judged.state;
    }
    return judged.nextMs;
  };

  /** One that cannot be read, or is not there any more, is in no other's way. @returns as `consider` */
  const considerSafely = async (server: StoreServer, id: string): Promise<number | undefined> => {
    const at = clock();
    const updated = state.seen.get(id);
    try {
      const inMs = await consider(server, id);
      asked.set(id, { at, updated, dueAt: inMs === undefined ? undefined : clock() + inMs });
      return inMs;
    } catch (error) {
      // The next look tries again.
      asked.delete(id);
      if (isGone(error)) state = withoutPending(state, id);
      else complain(error);
      return undefined;
    }
  };

  const complain = (error: unknown): void => {
    troubled = true;
    const why = messageOf(error);
    if (!signal.aborted && !complained.has(why)) onNote?.(why);
    complained.add(why);
  };

  return {
    look: async (server) => {
      let nextMs = Number.POSITIVE_INFINITY;
      troubled = false;
      try {
        state = withChanged(state, await changedSessions(server));
      } catch (error) {
        complain(error);
      }
      for (const id of state.pending) {
        if (signal.aborted) break;
        const known = asked.get(id);
        const isDue = clock() >= nextAskAt(state, id, known, clock());
        const inMs = isDue ? await considerSafely(server, id) : lookIn(state, id, known, clock());
        nextMs = Math.min(nextMs, inMs ?? nextMs);
      }
      for (const id of asked.keys()) if (!state.pending.has(id)) asked.delete(id);
      if (!troubled) complained.clear();
      return nextMs;
    },
    recordLeft: async (server) => {
      const left: UnfinishedSession[] = [];
      for (const id of state.pending) {
        const read = await server.read(id, AbortSignal.timeout(READ_MS)).catch(() => undefined);
        if (!read || !traceSession(read.tree).some(({ loop }) => loop.sessionId === id && loop.end >= since)) continue;
        const { stored } = await recorder.record(read, null);
        left.push({ sessionId: id, stored });
      }
      return left;
    },
  };
}

function isGone(error: unknown): boolean {
  return error instanceof SessionNotFoundError || (error instanceof ServerRequestError && error.statusCode === 404);
}
