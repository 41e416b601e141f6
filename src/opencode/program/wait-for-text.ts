import { type FSWatcher, statSync, watch } from "node:fs";
import { attempt } from "../../errors/thrown.js";
import { readOwnText } from "../../files/own-files.js";

/** What is waited for beside the text. */
export interface TextWait {
  /** Whether no more will be written. */
  readonly hasEnded: () => boolean;
  /** Settles when that is so; never fails. */
  readonly ended: Promise<unknown>;
  readonly signal?: AbortSignal | undefined;
  /** How long to wait, ms. */
  readonly deadlineMs: number;
}

/** A change that the system does not tell of, as on some network file systems, is seen so much later. */
const UNTOLD_MS = 100;
/** Where it tells of none at all: too many files may be watched already. */
const POLL_MS = 15;

/**
 * Waits until a text stands in a file of looptrace's own that another process writes. The file is read when it has
 * grown, and not again and again meanwhile: each reading takes several turns of a thread, on the cores on which that
 * process starts.
 *
 * @param path of a file that is there
 * @returns false where the writing ended, or the time was over, before the text stood there
 * @throws the signal's reason, or the file system's error
 */
export async function waitForText(path: string, text: string, wait: TextWait): Promise<boolean> {
  const { hasEnded, ended, signal, deadlineMs } = wait;
  const giveUpAt = performance.now() + deadlineMs;
  let hasChanged = false;
  let wake = (): void => undefined;
  const onChange = (): void => {
    hasChanged = true;
    wake();
  };
  const watcher = attempt((): FSWatcher => watch(path, onChange));
  // It may fail later as well.
  watcher?.on("error", () => watcher.close());
  ended.then(onChange).catch(() => undefined);
  signal?.addEventListener("abort", onChange, { once: true });
  try {
    for (let read = -1; !hasEnded(); ) {
      signal?.throwIfAborted();
      hasChanged = false;
      const { size } = statSync(path);
      if (size !== read && (await readOwnText(path)).includes(text)) return true;
      read = size;
      if (performance.now() > giveUpAt) return false;
      // Since it was looked at.
      if (hasChanged) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, watcher ? UNTOLD_MS : POLL_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return false;
  } finally {
    watcher?.close();
    signal?.removeEventListener("abort", onChange);
  }
}
