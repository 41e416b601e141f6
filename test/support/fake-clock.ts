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
