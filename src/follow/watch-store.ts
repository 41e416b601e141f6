import { type FSWatcher, watch } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { opencodeStore, withOpenCode } from "../opencode/program.js";
import {
  awakeFor,
  type RestingServer,
  restingServer,
  type StartedServer,
  type StoreServer,
  seenStores,
  startReadingServer,
  storeServer,
} from "../opencode/server.js";
import type { UnfinishedSession } from "./attach.js";
import type { FollowStoreOptions } from "./options.js";
import { seenFirst } from "./seen-first.js";
import { type TurnFinderOptions, turnFinder } from "./turn-finder.js";

export interface WatchStoreOptions extends TurnFinderOptions, Pick<FollowStoreOptions, "opencode" | "onReady"> {
  /** Where looptrace works; its project's own opencode is the one that is taken. */
  readonly directory: string;
}

/** Where files cannot be watched, and for what a watch misses. */
const POLL_MS = 5_000;
/** A turn writes many times a second. */
const DEBOUNCE_MS = 300;
/** While turns are at work the store changes all the time: changes alone make no more looks than this. */
const LOOK_EVERY_MS = 2_500;
const RESTART_MS = 2_000;

/**
 * Follows opencode's own store on this machine and hands over each turn when it is over, also those that others ran,
 * until `signal` is aborted. An opencode server of looptrace's own reads the store, and changes no session.
 *
 * @returns what looked as if it was at work at the end; it is stored as it was then
 * @throws {OpenCodeNotFoundError} when there is no opencode
 * @throws {OpenCodeCommandError} when its server does not start
 */
export async function watchStore(options: WatchStoreOptions): Promise<readonly UnfinishedSession[]> {
  const { environment, signal, onNote } = options;
  return await withOpenCode(options, async ({ opencode, generation, folder, warnings }) => {
    for (const warning of warnings) onNote?.(warning);
    const seen = generation === 1 ? seenFirst(seenStores(environment)) : undefined;
    const start = async (): Promise<Reader> => {
      // Once it runs it is needed to the end, for what is at work then.
      const starting = new AbortController();
      const stopStarting = () => starting.abort(signal.reason);
      signal.addEventListener("abort", stopStarting);
      if (signal.aborted) stopStarting();
      try {
        const server = await startReadingServer(
          { path: opencode.path, folder, environment, signal: starting.signal },
          generation,
        );
        const store = await storeServer(server);
        if (!seen) return { server, store, stop: server.stop };
        const resting = restingServer(server);
        return { server, store: seen(awakeFor(resting, store)), stop: resting.stop };
      } finally {
        signal.removeEventListener("abort", stopStarting);
      }
    };
    let reader: Reader | undefined = await start();
    const changes = watchFiles(environment, signal);
    const watcher = turnFinder(options);
    try {
      options.onReady?.();
      while (!signal.aborted) {
        if (!reader || reader.server.exit) {
          if (reader) onNote?.("The opencode that reads the store has ended; starting another one.");
          reader = await start().catch(() => undefined);
          if (!reader) await sleep(RESTART_MS, undefined, { signal }).catch(() => undefined);
          if (!reader) continue;
        }
        const nextMs = await watcher.look(reader.store);
        await changes.next(Math.min(nextMs, POLL_MS));
      }
      return reader && !reader.server.exit ? await watcher.recordLeft(reader.store) : [];
    } finally {
      changes.close();
      await reader?.stop();
    }
  });
}

/** An opencode that reads the store. */
interface Reader {
  readonly server: Pick<StartedServer, "exit">;
  readonly store: StoreServer;
  readonly stop: RestingServer["stop"];
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
  let lookedAt = Number.NEGATIVE_INFINITY;
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
      const dueAt = performance.now() + atMostMs;
      await sleep(atMostMs, undefined, { signal: ends }).catch(() => undefined);
      const waitMs = Math.min(dueAt, lookedAt + LOOK_EVERY_MS) - performance.now();
      await sleep(Math.max(DEBOUNCE_MS, waitMs), undefined, { signal }).catch(() => undefined);
      changed = false;
      lookedAt = performance.now();
    },
    close: () => watcher?.close(),
  };
}
