import { type FileLock, lockFile } from "../../files/file-lock.js";
import { ensurePrivateFolder, hasCode } from "../../files/private-files.js";
import { refuseUntrustedFolder } from "../../files/trusted-store.js";
import { DEFAULT_TIMEOUT_MS } from "../http/send.js";
import type { RunContext } from "../run-context.js";
import { receiptFolder, receiptPath } from "./receipts.js";

/**
 * Keeps two processes that follow one session, or two deliveries of one process, from sending spans of a trace to a
 * destination at the same time: the second waits, and then finds in the receipts what the first has sent.
 *
 * Requests of one delivery share a trace: among them, `SpanLocks` sees to each span. What delivers several traces at once
 * takes them in the order of their ids, so that no two wait for each other.
 */
export interface TraceLocks {
  /** Takes all of the traces, unless somebody else has one of them. @returns gives them back; undefined when it has none */
  takeIfFree(traceIds: Iterable<string>): Promise<Release | undefined>;
  /**
   * Waits until nobody else has any of the traces, and takes all; but not for long. Where one cannot be had in time, or
   * the disk does not take a lock, it goes on without: a span that is sent twice is better than one that is not sent.
   */
  take(traceIds: Iterable<string>): Promise<Release>;
}

/** Gives traces back. Never throws, and neither does taking them. */
export type Release = () => Promise<void>;

/** Who has not got its answer by then is hardly going to. */
const LONGEST_WAIT_MS = DEFAULT_TIMEOUT_MS;

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

interface Shared {
  users: number;
  /** For one that is waited for still. */
  isWaiting: boolean;
  /** Undefined when it was not free; without a lock when it goes on without. */
  readonly taken: Promise<{ readonly lock: FileLock | undefined } | undefined>;
}

/** @param onWait told when it begins to wait for somebody else */
export function createTraceLocks(
  { clock, deadlineMs, destination, paths, signal }: RunContext,
  onWait: () => void = () => undefined,
): TraceLocks {
  const shared = new Map<string, Shared>();
  const releasing = new Map<string, Promise<void>>();
  /** For which it has waited in vain; for their next requests it does not wait again. */
  const inVain = new Set<string>();
  // The other half is for sending.
  const noLongerFromMs = clock.now() + (deadlineMs - clock.now()) / 2;

  async function lock(traceId: string, waits: boolean): Shared["taken"] {
    const path = receiptPath(paths, destination.id, traceId);
    const untilMs = Math.min(noLongerFromMs, clock.now() + LONGEST_WAIT_MS);
    try {
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
        const taken = await lockBeside(path);
        if (taken !== undefined) return { lock: taken };
        if (inVain.has(traceId)) break;
        if (!waits) return undefined;
        const leftMs = untilMs - clock.now();
        if (leftMs <= 0 || signal?.aborted) break;
        if (pauseMs === FIRST_PAUSE_MS) onWait();
        await clock.sleep(Math.min(leftMs, pauseMs * (0.5 + clock.random() / 2)), signal);
      }
      inVain.add(traceId);
    } catch {
      // Where that is worth telling, the receipts cannot be written either, and that is told.
    }
    return { lock: undefined };
  }

  async function lockBeside(path: string): Promise<FileLock | undefined> {
    const folder = receiptFolder(paths, destination.id);
    refuseUntrustedFolder(paths.root, folder);
    try {
      return await lockFile(path);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      // Nothing has been sent there yet.
      await ensurePrivateFolder(paths.root, folder);
      return lockFile(path);
    }
  }

  async function enter(traceId: string, waits: boolean): Promise<boolean> {
    for (;;) {
      const one = shared.get(traceId) ?? begin(traceId, waits);
      if (one.isWaiting && !waits) return false;
      one.users += 1;
      if (await one.taken) return true;
      // Another request of this delivery has only asked whether it is free.
      if (!waits) return false;
    }
  }

  function begin(traceId: string, waits: boolean): Shared {
    const free = releasing.get(traceId) ?? Promise.resolve();
    const taken = free.then(() => lock(traceId, waits));
    const one: Shared = { users: 0, isWaiting: waits, taken };
    shared.set(traceId, one);
    void taken.then((got) => {
      one.isWaiting = false;
      if (!got) shared.delete(traceId);
    });
    return one;
  }

  async function leave(traceId: string): Promise<void> {
    const one = shared.get(traceId);
    if (one === undefined) return;
    one.users -= 1;
    if (one.users > 0) return;
    shared.delete(traceId);
    // Where it cannot be removed, it lapses with this process.
    const released = one.taken.then((taken) => taken?.lock?.release()).catch(() => undefined);
    releasing.set(traceId, released);
    await released;
    if (releasing.get(traceId) === released) releasing.delete(traceId);
  }

  async function takeAll(traceIds: Iterable<string>, waits: boolean): Promise<Release | undefined> {
    const entered: string[] = [];
    const release = async (): Promise<void> => {
      await Promise.all(entered.map(leave));
    };
    for (const traceId of [...new Set(traceIds)].sort()) {
      if (!(await enter(traceId, waits))) {
        await release();
        return undefined;
      }
      entered.push(traceId);
    }
    return release;
  }

  return {
    takeIfFree: (traceIds) => takeAll(traceIds, false),
    take: async (traceIds) => (await takeAll(traceIds, true)) ?? (async () => undefined),
  };
}
