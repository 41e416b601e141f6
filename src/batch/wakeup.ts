import type { Clock } from "../files/clock.js";

/** Wakes somebody who waits. */
export interface Alarm {
  /** Ends the wait that is under way, else the next one. */
  ring(): void;
  /** Waits until a time, ms since the epoch, or until somebody rings; `null` waits for that alone. */
  wait(until: number | null): Promise<void>;
}

/** A timer cannot wait longer. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

export function createAlarm(clock: Clock): Alarm {
  let bell = new AbortController();
  return {
    ring: () => bell.abort(),
    wait: async (until) => {
      if (until === null) await rung(bell.signal);
      else await clock.sleep(Math.min(Math.max(0, until - clock.now()), LONGEST_SLEEP_MS), bell.signal);
      if (bell.signal.aborted) bell = new AbortController();
    },
  };
}

async function rung(bell: AbortSignal): Promise<void> {
  if (bell.aborted) return;
  await new Promise((resolve) => bell.addEventListener("abort", resolve, { once: true }));
}
