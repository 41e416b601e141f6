import { join } from "node:path";
import { type FileLock, lockFile } from "../files/file-lock.js";
import type { CatalogFolder } from "./catalog-folder.js";

/** Fewer are read sooner than asked for. */
const FEW = 8;
const LOOK_EVERY_MS = 300;
/** A process that has the lock and writes nothing for so long may be stopped. */
const PATIENCE_MS = 30_000;

export interface WaitOptions {
  /** How many sessions are to be read. */
  readonly count: number;
  /** Looks at what others have written. @returns how many are left */
  readonly recount: () => Promise<number>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until no other process reads the kept sessions for the index: of two that begin at once, one would do in vain
 * what the other does. The lock saves work and nothing else, so that where it cannot be had one goes on without.
 */
export async function readingAlone(
  folder: CatalogFolder,
  { count, recount, signal }: WaitOptions,
): Promise<{ readonly end: () => Promise<void> }> {
  let left = count;
  let since = Date.now();
  while (left > FEW && !signal?.aborted && Date.now() - since < PATIENCE_MS) {
    const lock = await lockOf(folder);
    if (lock !== "taken") {
      // The one before may have ended a moment ago.
      await recount();
      return { end: async () => await lock?.release().catch(() => undefined) };
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const now = await recount();
    if (now < left) since = Date.now();
    left = now;
  }
  return { end: async () => undefined };
}

/** @returns undefined where nothing can be locked */
async function lockOf(folder: CatalogFolder): Promise<FileLock | "taken" | undefined> {
  try {
    await folder.make();
    return (await lockFile(join(folder.path, "reading"))) ?? "taken";
  } catch {
    return undefined;
  }
}
