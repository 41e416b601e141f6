import { stat } from "node:fs/promises";

export interface FollowOptions {
  /** How long to pause between two looks, ms. */
  readonly everyMs?: number;
  /** How many looks to wait at most for a folder that goes on changing. */
  readonly mostLooks?: number;
}

/** Where times are this coarse (FAT: 2 s), a second change may leave the same time. */
const COARSEST_MS = 2_000;

/**
 * Tells when files were put into a folder or taken out of it, once they have come to rest: what is kept of a session is
 * several files.
 *
 * It looks at the folder's time, which is one call however many files there are, works on network file systems, where
 * notices do not come, and for a folder that is made only later. Files are put there by renaming, which changes that
 * time.
 *
 * @param onChange not called again before it is done; does not throw
 * @returns ends it
 */
export function followFolder(
  folder: string,
  onChange: () => Promise<void>,
  { everyMs = 400, mostLooks = 5 }: FollowOptions = {},
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isEnded = false;
  /** The folder's time when it was told of last; null for no folder, undefined where a look may have missed something. */
  let known: number | null | undefined;
  let seen: number | null | undefined;
  /** Looks since the first that saw a change. */
  let looks = 0;
  const look = async (): Promise<void> => {
    const before = seen;
    seen = (await stat(folder).catch(() => null))?.mtimeMs ?? null;
    if (seen !== known) {
      looks += 1;
      if (seen === before || looks >= mostLooks) {
        looks = 0;
        // Known only when a later change would leave another time.
        known = seen !== null && Date.now() - seen < COARSEST_MS ? undefined : seen;
        await onChange();
      }
    }
    if (!isEnded) timer = setTimeout(look, everyMs);
  };
  void look();
  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}
