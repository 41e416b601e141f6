import { expect } from "vitest";
import type { Clock } from "../../src/files/clock.js";

/** A clock that stands still until something sleeps. `slept` lists for how long, in ms. */
export function fakeClock(startMs = 1_700_000_000_000): Clock & { readonly slept: readonly number[] } {
  let now = startMs;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
    random: () => 1,
  };
}

/**
 * A clock on which no time passes until something is through that needs this machine's: else a deadline of that clock
 * comes the sooner, the slower the machine is.
 */
export function fakeClockAfter(isThrough: () => boolean): Clock {
  const clock = fakeClock();
  return {
    ...clock,
    sleep: async (ms, signal) => {
      await expect.poll(isThrough).toBe(true);
      await clock.sleep(ms, signal);
    },
  };
}
