import { type FileLock, lockFile } from "./file-lock.js";
import { ensurePrivateFolder, hasCode } from "./private-files.js";
import { receiptFolder, receiptPath } from "./receipts.js";
import type { RunContext } from "./run-context.js";
import { DEFAULT_TIMEOUT_MS } from "./send.js";

/**
 * Keeps two processes that follow one session, or two deliveries of one process, from sending spans of a trace to a
 * destination at the same time: the second waits, and then finds in the receipts what the first has sent.
 *
 * Requests of one delivery share a trace: among them, `SpanLocks` sees to each span. What delivers several traces at once
 * takes them in the order of their ids, so that no two wait for each other.
 */
export interface TraceLocks {
  /**
   * Waits until nobody else has any of the traces, and takes all; but not for long. Where one cannot be had in time, or
   * the disk does not take a lock, it goes on without: a span that is sent twice is better than one that is not sent.
   *
   * @returns gives them back. Neither throws
   */
  take(traceIds: Iterable<string>): Promise<() => Promise<void>>;
}

/** Who has not got its answer by then is hardly going to. */
const LONGEST_WAIT_MS = DEFAULT_TIMEOUT_MS;

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

interface Shared {
  users: number;
  /** Undefined when it goes on without. */
  readonly lock: Promise<FileLock | undefined>;
}

export function createTraceLocks({ clock, deadlineMs, destination, paths, signal }: RunContext): TraceLocks {
  const shared = new Map<string, Shared>();
  const releasing = new Map<string, Promise<void>>();
  /** For which it has waited in vain; for their next requests it does not wait again. */
  const inVain = new Set<string>();
  // The other half is for sending.
  const noLongerFromMs = clock.now() + (deadlineMs - clock.now()) / 2;

  async function lock(traceId: string): Promise<FileLock | undefined> {
    const path = receiptPath(paths, destination.id, traceId);
    const untilMs = Math.min(noLongerFromMs, clock.now() + LONGEST_WAIT_MS);
    try {
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
        const taken = await lockBeside(path);
        if (taken !== undefined) return taken;
        const leftMs = untilMs - clock.now();
        if (leftMs <= 0 || inVain.has(traceId) || signal?.aborted) break;
        await clock.sleep(Math.min(leftMs, pauseMs * (0.5 + clock.random() / 2)), signal);
      }
      inVain.add(traceId);
    } catch {
      // Where that is worth telling, the receipts cannot be written either, and that is told.
    }
    return undefined;
  }

  async function lockBeside(path: string): Promise<FileLock | undefined> {
    try {
      return await lockFile(path);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      // Nothing has been sent there yet.
      await ensurePrivateFolder(paths.root, receiptFolder(paths, destination.id));
      return lockFile(path);
    }
  }

  async function enter(traceId: string): Promise<void> {
    let one = shared.get(traceId);
    if (one === undefined) {
      const free = releasing.get(traceId) ?? Promise.resolve();
      one = { users: 0, lock: free.then(() => lock(traceId)) };
      shared.set(traceId, one);
    }
    one.users += 1;
    await one.lock;
  }

  async function leave(traceId: string): Promise<void> {
    const one = shared.get(traceId);
    if (one === undefined) return;
    one.users -= 1;
    if (one.users > 0) return;
    shared.delete(traceId);
    // Where it cannot be removed, it lapses with this process.
    const released = one.lock.then((taken) => taken?.release()).catch(() => undefined);
    releasing.set(traceId, released);
    await released;
    if (releasing.get(traceId) === released) releasing.delete(traceId);
  }

  return {
    async take(traceIds) {
      const inOrder = [...new Set(traceIds)].sort();
      for (const traceId of inOrder) await enter(traceId);
      return async () => {
        await Promise.all(inOrder.map(leave));
      };
    },
  };
}
