import type { Clock } from "../files/clock.js";

/** Ends a wait early. */
export interface Wakeup {
  /** Ends the wait that is under way, else the next one. */
  notify(): void;
  /** Waits until a time, ms since the epoch, or until notified; `null` waits for that alone. */
  wait(until: number | null): Promise<void>;
}

/** A timer cannot wait longer. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

export function createWakeup(clock: Clock): Wakeup {
  let notified = new AbortController();
  return {
    notify: () => notified.abort(),
    wait: async (until) => {
      if (until === null) await aborted(notified.signal);
      else await clock.sleep(Math.min(Math.max(0, until - clock.now()), LONGEST_SLEEP_MS), notified.signal);
      if (notified.signal.aborted) notified = new AbortController();
    },
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
