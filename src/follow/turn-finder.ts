import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { ServerRequestError } from "../errors/server-request-error.js";
import { SessionNotFoundError } from "../errors/session-not-found-error.js";
import type { StorePaths } from "../files/store-paths.js";
import type { Masking } from "../masking/mask.js";
import { configuredServers, findOpenCodeLog } from "../opencode/program.js";
import { endOfSession, listServerSessions, readSessionFrom, type ServerSession } from "../opencode/server.js";
import { traceRecorded } from "../sessions/loaded-session.js";
import { abandonedRuns, hasOwner } from "../sessions/run-owner.js";
import { SessionRecorder } from "../sessions/session-recorder.js";
import { lastMomentOfLoop, subagentsAtWork } from "../trace/extent.js";
import type { Loop, LoopTrace } from "../trace/model.js";
import { openSpanIds } from "../trace/open-spans.js";
import { traceSession } from "../trace/trace-session.js";
import { isUnanswered } from "../trace/unanswered.js";
import type { LeftAtWork } from "./attach.js";
import { toldTurns } from "./told-turns.js";

/** An answer that looks like the last may be followed by opencode's own compaction, or by a prompt that waited. */
const SETTLE_MS = 1_500;
/** What was broken off and looks as if it might go on, has ended after so long. */
const QUIET_MS = 10_000;
const SLACK_MS = 5_000;
/** A turn whose opencode was killed looks as if it were at work, for ever. */
const BROKEN_OFF_MS = 3_600_000;
/** So many are asked for first, and more while there are. */
const SESSIONS_AT_ONCE = 200;
const READ_MS = 60_000;

/** Finds the turns of a store that are over, each once, and those that went on after that once more. */
export interface TurnFinder {
  /** Never throws for what a server or a disk does. @returns after how many ms it is to look again, should nothing change */
  look(client: OpencodeClient): Promise<number>;
  recordLeft(client: OpencodeClient): Promise<readonly LeftAtWork[]>;
}

export interface TurnFinderOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Only the sessions of this project's directory. */
  readonly only?: string | undefined;
  /** Turns that ended before are left alone, ms since the epoch. */
  readonly since: number;
  readonly paths: StorePaths;
  readonly masking: Masking | undefined;
  readonly signal: AbortSignal;
  readonly onNote?: ((note: string) => void) | undefined;
  /** A turn is over, and recorded; it is to be sent. */
  readonly onTurn: (trace: LoopTrace, stored: boolean) => void;
}

export function turnFinder(options: TurnFinderOptions): TurnFinder {
  const { environment, signal, since, paths, onNote, only } = options;
  const recorder = new SessionRecorder(options);
  /** Sessions as they were when they were looked at last: when they were updated. */
  const seen = new Map<string, number>();
  /** Those that have a turn which is not over. */
  const pending = new Set<string>();
  const told = toldTurns();
  /** The message without an answer that a session was seen to end with, when all before it had been told. */
  const waitingAt = new Map<string, string>();
  const complained = new Set<string>();
  let newest = since;

  const patience = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]);
  const isNew = (loop: Loop): boolean => !loop.copied && lastMomentOfLoop(loop) >= since && told.isNews(loop);

  const changedSessions = async (client: OpencodeClient): Promise<readonly ServerSession[]> => {
    for (let limit = SESSIONS_AT_ONCE; ; limit *= 2) {
      const listed = { since: newest - SLACK_MS, limit, signal: patience() };
      const sessions = await listServerSessions(client, listed);
      if (sessions.length >= limit) continue;
      // Asked for one directory, opencode would load its project, and note that in its store.
      return sessions.filter(
        ({ id, directory, time }) =>
          (only === undefined || directory === only) && seen.get(id) !== time.updated,
      );
    }
  };

  /** @returns in how many ms a turn may be over that is not yet; undefined when only a change can tell */
  const consider = async (client: OpencodeClient, id: string): Promise<number | undefined> => {
    const { state, messageId } = await endOfSession(client, id, patience());
    const isRecent = Date.now() - (seen.get(id) ?? Date.now()) < BROKEN_OFF_MS;
    const isWaiting = state === "unanswered" && waitingAt.get(id) === messageId;
    if (isRecent && (state === "at-work" || isWaiting) && !(await hasOwner(paths, id))) return undefined;
    const read = await readSessionFrom(client, id, patience());
    // One whose looptrace was killed is over, whatever it looks like.
    const runs = state === "at-rest" ? [] : await abandonedRuns(paths, read.tree.session);
    const all = traceSession(read.tree, { runs }).filter(({ loop }) => loop.sessionId === id);
    // What no model has answered is no turn yet: it may never be to be answered, and is told with the one that reads it.
    const loops = all.slice(0, all.findLastIndex(({ loop }) => !isUnanswered(loop)) + 1);
    const last = loops.at(-1);
    const isOpen = last !== undefined && openSpanIds(last).size > 0;
    const isBroken = last?.loop.run === null && (state === "at-work" || (state === "unanswered" && isOpen));
    if (isBroken && state === "at-work" && isRecent) return undefined;
    const age = last ? Date.now() - last.loop.end : Number.POSITIVE_INFINITY;
    // That the session was not updated does not say that nothing happened in it.
    const quietMs = isBroken ? BROKEN_OFF_MS : isOpen ? QUIET_MS : SETTLE_MS;
    const over = age >= quietMs ? loops : loops.slice(0, -1);
    const wanted = new Set(over.filter(({ loop }) => isNew(loop)).map(({ loop }) => loop.userMessageId));
    if (wanted.size > 0) {
      const logText = await findOpenCodeLog(
        [...read.raw.keys()],
        read.tree.session.info.time.created,
        environment,
      );
      // The opencode that reads the store has no server of its own.
      const { directory } = read.tree.session.info;
      const mcpServers = await configuredServers({ directory, environment, projectConfig: true });
      const recorded = await recorder.record({ ...read, logText, mcpServers }, null);
      for (const note of [...read.notes, ...recorded.notes]) onNote?.(note);
      for (const trace of traceRecorded(recorded)) {
        const { sessionId, userMessageId } = trace.loop;
        if (sessionId !== id || !wanted.has(userMessageId)) continue;
        told.add(trace.loop);
        options.onTurn(trace, recorded.stored);
      }
    }
    if (age < quietMs) return quietMs - age;
    // One that outlives its turn changes nothing in the session that is looked at.
    if (last && subagentsAtWork(last.loop) && Date.now() - lastMomentOfLoop(last.loop) < BROKEN_OFF_MS)
      return QUIET_MS;
    if (state === "unanswered" && isRecent && messageId !== undefined) waitingAt.set(id, messageId);
    else pending.delete(id);
    return undefined;
  };

  /** One that cannot be read, or is not there any more, is in nobody's way. @returns as `consider` */
  const considerSafely = async (client: OpencodeClient, id: string): Promise<number | undefined> => {
    try {
      return await consider(client, id);
    } catch (error) {
      if (isGone(error)) pending.delete(id);
      else complain(error);
      return undefined;
    }
  };

  let troubled = false;
  const complain = (error: unknown): void => {
    troubled = true;
    const why = error instanceof Error ? error.message : String(error);
    if (!signal.aborted && !complained.has(why)) onNote?.(why);
    complained.add(why);
  };

  return {
    look: async (client) => {
      let nextMs = Number.POSITIVE_INFINITY;
      troubled = false;
      try {
        const changed = await changedSessions(client);
        for (const { id, time } of changed) {
          seen.set(id, time.updated);
          // It stays there until its turn is over, also when it cannot be read just now.
          pending.add(id);
          newest = Math.max(newest, time.updated);
        }
      } catch (error) {
        complain(error);
      }
      for (const id of pending) {
        if (signal.aborted) break;
        nextMs = Math.min(nextMs, (await considerSafely(client, id)) ?? nextMs);
      }
      if (!troubled) complained.clear();
      return nextMs;
    },
    recordLeft: async (client) => {
      const left: LeftAtWork[] = [];
      for (const id of pending) {
        const read = await readSessionFrom(client, id, AbortSignal.timeout(READ_MS)).catch(() => undefined);
        if (!read || !traceSession(read.tree).some(({ loop }) => loop.sessionId === id && loop.end >= since))
          continue;
        const { stored } = await recorder.record(read, null);
        left.push({ sessionId: id, stored });
      }
      return left;
    },
  };
}

function isGone(error: unknown): boolean {
  return (
    error instanceof SessionNotFoundError || (error instanceof ServerRequestError && error.statusCode === 404)
  );
}
