import type { Clock } from "../files/clock.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

/** What a request got when it was let through; told back with its failure. */
export interface Pass {
  readonly round: number;
}

/**
 * Holds back all requests to one destination together: when one fails, the others wait too, longer from time to time.
 */
export interface Gate {
  /** Waits until requests may go out; undefined when that would be after the deadline, or the signal was aborted. */
  enter(): Promise<Pass | undefined>;
  /** The destination answered. */
  succeeded(): void;
  /** It did not. @param retryAfterMs what it asked for itself, if it did */
  failed(pass: Pass, retryAfterMs: number | undefined): void;
}

/**
 * @param deadlineMs ms since the epoch; nothing is let through from then on
 * @param onWait told before each wait: for how long, and after how many failures in a row
 */
export function createGate(
  clock: Clock,
  deadlineMs: number,
  signal: AbortSignal | undefined,
  onWait: (waitMs: number, failures: number) => void = () => undefined,
): Gate {
  let opensAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let round = 0;
  return {
    async enter() {
      for (;;) {
        const now = clock.now();
        if (signal?.aborted || now >= deadlineMs || opensAt >= deadlineMs) return undefined;
        if (now >= opensAt) return { round };
        onWait(opensAt - now, failures);
        await clock.sleep(opensAt - now, signal);
      }
    },
    succeeded() {
      failures = 0;
    },
    failed(pass, retryAfterMs) {
      // Requests that were under way together fail together: that is one failure of the destination, not several.
      if (pass.round === round) {
        round += 1;
        failures += 1;
        const wait = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
        opensAt = Math.max(opensAt, clock.now() + wait * (0.5 + clock.random() / 2));
      }
      if (retryAfterMs !== undefined) opensAt = Math.max(opensAt, clock.now() + retryAfterMs);
    },
  };
}
