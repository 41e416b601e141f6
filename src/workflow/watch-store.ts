import { type FSWatcher, watch } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import type { StorePaths } from "../deliver/store-paths.js";
import type { Masking } from "../masking/mask.js";
import { findOpenCodeLog } from "../opencode/find-log.js";
import { connect } from "../opencode/server/connection.js";
import { listServerSessions, looksUnfinished } from "../opencode/server/list-sessions.js";
import { readSessionFrom } from "../opencode/server/read-session.js";
import { type RunningServer, startServer } from "../opencode/server/start-server.js";
import { opencodeStore } from "../opencode/store-files.js";
import { withOpenCode } from "../opencode/with-opencode.js";
import type { LoopTrace } from "../trace/model.js";
import { openSpanIds } from "../trace/open-spans.js";
import { traceSession } from "../trace/trace-session.js";
import type { LeftAtWork } from "./attach.js";
import { recordSession } from "./record-session.js";

export interface WatchStoreOptions {
  /** Path of the opencode that reads the store; else it is looked for. */
  readonly opencode?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where looptrace works; its project's own opencode is the one that is taken. */
  readonly directory: string;
  /** Only the sessions of this project's directory. */
  readonly only?: string | undefined;
  /** Turns that ended before are left alone, ms since the epoch. */
  readonly since: number;
  readonly paths: StorePaths;
  readonly masking: Masking | undefined;
  readonly signal: AbortSignal;
  readonly onReady?: (() => void) | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
  /** A turn is over, and kept; it is to be sent. */
  readonly onTurn: (trace: LoopTrace, kept: boolean) => void;
}

/** Where files cannot be watched, and for what a watch misses. */
const POLL_MS = 5_000;
/** A turn writes many times a second. */
const DEBOUNCE_MS = 300;
/** An answer that looks like the last may be followed by opencode's own compaction, or by a prompt that waited. */
const SETTLE_MS = 1_500;
/** What was broken off and looks as if it might go on, has ended after so long. */
const QUIET_MS = 10_000;
const SLACK_MS = 5_000;
/** A turn whose opencode was killed looks as if it were at work, for ever. */
const BROKEN_OFF_MS = 3_600_000;
const MOST_SESSIONS = 200;
const READ_MS = 60_000;
const RESTART_MS = 2_000;

/**
 * Follows opencode's own store on this machine and hands over each turn when it is over, whoever ran it, until `signal` is
 * aborted. An opencode server of looptrace's own reads the store, and writes nothing there.
 *
 * @returns what looked as if it was at work at the end; it is kept as it was then
 * @throws {OpenCodeNotFoundError} when there is no opencode
 * @throws {OpenCodeCommandError} when its server does not start
 */
export async function watchStore(options: WatchStoreOptions): Promise<readonly LeftAtWork[]> {
  const { environment, signal, onNote } = options;
  return await withOpenCode(options, async ({ opencode, folder, warnings }) => {
    for (const warning of warnings) onNote?.(warning);
    const start = async (): Promise<RunningServer> => {
      // Once it runs it is needed to the end, for what is at work then.
      const starting = new AbortController();
      const stopStarting = () => starting.abort(signal.reason);
      signal.addEventListener("abort", stopStarting);
      if (signal.aborted) stopStarting();
      try {
        return await startServer({
          path: opencode.path,
          folder,
          environment,
          // Not in the project: this server is to load no plugins and no tools.
          directory: folder.temporary,
          configContent: null,
          projectConfig: false,
          quiet: true,
          signal: starting.signal,
        });
      } finally {
        signal.removeEventListener("abort", stopStarting);
      }
    };
    let server: RunningServer | undefined = await start();
    const changes = watchFiles(environment, signal);
    const watcher = turnFinder(options);
    try {
      options.onReady?.();
      while (!signal.aborted) {
        if (!server || server.exit) {
          if (server) onNote?.("The opencode that reads the store has ended; starting another one.");
          server = await start().catch(() => undefined);
          if (!server) await sleep(RESTART_MS, undefined, { signal }).catch(() => undefined);
          if (!server) continue;
        }
        const nextMs = await watcher.look(await connect(server.connection));
        await changes.next(Math.min(nextMs, POLL_MS));
      }
      return server && !server.exit ? await watcher.keepWhatIsLeft(await connect(server.connection)) : [];
    } finally {
      changes.close();
      await server?.stop();
    }
  });
}

interface TurnFinder {
  /** @returns after how many ms it is to look again, should nothing change */
  look(client: OpencodeClient): Promise<number>;
  keepWhatIsLeft(client: OpencodeClient): Promise<readonly LeftAtWork[]>;
}

function turnFinder(options: WatchStoreOptions): TurnFinder {
  const { environment, signal, since, paths, masking, onNote, only } = options;
  /** Sessions as they were when they were looked at last: when they were updated. */
  const seen = new Map<string, number>();
  /** Those that have a turn which is not over. */
  const pending = new Set<string>();
  const told = new Set<string>();
  const complained = new Set<string>();
  let newest = since;

  /** @returns in how many ms a turn may be over that is not yet; undefined when only a change can tell */
  const consider = async (client: OpencodeClient, id: string): Promise<number | undefined> => {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]);
    const quietMs = Date.now() - (seen.get(id) ?? Date.now());
    if (quietMs < BROKEN_OFF_MS && (await looksUnfinished(client, id, patience))) return undefined;
    const read = await readSessionFrom(client, id, patience);
    const loops = traceSession(read.tree).filter(({ loop }) => loop.sessionId === id);
    const last = loops.at(-1);
    const age = last ? Date.now() - last.loop.end : 0;
    const waits = last && openSpanIds(last).size > 0 ? QUIET_MS : SETTLE_MS;
    const over = age >= waits ? loops : loops.slice(0, -1);
    const wanted = new Set(
      over
        .map(({ loop }) => loop)
        .filter(({ userMessageId, copied, end }) => !told.has(userMessageId) && !copied && end >= since)
        .map(({ userMessageId }) => userMessageId),
    );
    if (wanted.size > 0) {
      const logText = await findOpenCodeLog(
        [...read.raw.keys()],
        read.tree.session.info.time.created,
        environment,
      );
      const { traces, kept, notes } = await recordSession({ read, logText }, { paths, masking });
      for (const note of [...read.notes, ...notes]) onNote?.(note);
      for (const trace of traces) {
        const { sessionId, userMessageId } = trace.loop;
        if (sessionId !== id || !wanted.has(userMessageId)) continue;
        told.add(userMessageId);
        options.onTurn(trace, kept);
      }
    }
    if (age < waits) return waits - age;
    pending.delete(id);
    return undefined;
  };

  return {
    look: async (client) => {
      let nextMs = Number.POSITIVE_INFINITY;
      try {
        const sessions = await listServerSessions(client, {
          directory: only,
          since: newest - SLACK_MS,
          limit: MOST_SESSIONS,
          signal,
        });
        const changed = sessions.filter(({ id, time }) => seen.get(id) !== time.updated);
        for (const { id, time } of changed) {
          seen.set(id, time.updated);
          // It stays there until its turn is over, also when it cannot be read just now.
          pending.add(id);
        }
        for (const id of pending) nextMs = Math.min(nextMs, (await consider(client, id)) ?? nextMs);
        newest = Math.max(newest, ...changed.map(({ time }) => time.updated));
        complained.clear();
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (!signal.aborted && !complained.has(why)) onNote?.(why);
        complained.add(why);
      }
      return nextMs;
    },
    keepWhatIsLeft: async (client) => {
      const left: LeftAtWork[] = [];
      for (const id of pending) {
        const read = await readSessionFrom(client, id, AbortSignal.timeout(READ_MS)).catch(() => undefined);
        if (!read || !traceSession(read.tree).some(({ loop }) => loop.sessionId === id && loop.end >= since))
          continue;
        const { kept } = await recordSession({ read }, { paths, masking });
        left.push({ sessionId: id, kept });
      }
      return left;
    },
  };
}

interface Changes {
  /** Waits for a change, at most so long. */
  next(atMostMs: number): Promise<void>;
  close(): void;
}

function watchFiles(environment: WatchStoreOptions["environment"], signal: AbortSignal): Changes {
  const { folder, isOfStore } = opencodeStore(environment);
  let changed = false;
  let wake = (): void => undefined;
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(folder, (_, name) => {
      if (name === null || isOfStore(name)) {
        changed = true;
        wake();
      }
    });
    // Where it cannot be watched any more there is still the poll.
    watcher.on("error", () => watcher?.close());
  } catch {
    // Some file systems cannot be watched.
  }
  return {
    next: async (atMostMs) => {
      const waiting = new AbortController();
      wake = () => waiting.abort();
      if (changed) waiting.abort();
      const ends = AbortSignal.any([signal, waiting.signal]);
      await sleep(atMostMs, undefined, { signal: ends }).catch(() => undefined);
      await sleep(DEBOUNCE_MS, undefined, { signal }).catch(() => undefined);
      changed = false;
    },
    close: () => watcher?.close(),
  };
}
