import type { Written } from "./receipts.js";
import { makeReceiptsLast } from "./receipts.js";

/** Makes receipts last together: a disk takes its time for each sync, however much there is. */
export interface LastingReceipts {
  /** What was written is made to last soon, beside the sending. */
  wrote(written: Written): void;
  /** Settles when all that was written before lasts. Never fails: what does is told. */
  settle(): Promise<void>;
}

/**
 * As long as a power failure may take receipts away again, their spans would be sent twice. The shorter, the more often
 * the disk has to sync.
 */
const SYNCED_AFTER_MS = 100;
/** Nor for more files than these. */
const MOST_UNSYNCED = 16;

/** @param onFailure told what went wrong */
export function lastingReceipts(onFailure: (error: unknown) => void): LastingReceipts {
  let unsynced: Written[] = [];
  let syncing = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  async function syncAll(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const written = unsynced;
    unsynced = [];
    await makeReceiptsLast(written).catch(onFailure);
  }
  function settle(): Promise<void> {
    syncing = syncing.then(syncAll);
    return syncing;
  }

  return {
    wrote(written) {
      unsynced.push(written);
      if (unsynced.length % MOST_UNSYNCED === 0) void settle();
      // Whoever ends the process settles first; the timer alone keeps none alive.
      else timer ??= setTimeout(settle, SYNCED_AFTER_MS).unref();
    },
    settle,
  };
}
