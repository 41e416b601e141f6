import { expect, test } from "vitest";
import { type Backoff, failed, NO_BACKOFF, succeeded } from "../../src/deliver/backoff.js";

const NOW = 1_700_000_000_000;

/** One failure after another, each when the wait for the one before is over. @returns how long each wait is, in ms */
function waits(backoff: Backoff, failures: number, random = 1): readonly number[] {
  const found: number[] = [];
  let now = NOW;
  let state = backoff;
  for (let index = 0; index < failures; index += 1) {
    state = failed(state, state.round, undefined, now, random);
    found.push(state.untilMs - now);
    now = state.untilMs;
  }
  return found;
}

test("waits twice as long after each failure in a row, up to a limit", () => {
  expect(waits(NO_BACKOFF, 6)).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
});

test("spreads the waits of many", () => {
  expect(waits(NO_BACKOFF, 3, 0)).toEqual([250, 500, 1000]);
});

test("begins anew after a success", () => {
  const twice = failed(failed(NO_BACKOFF, 0, undefined, NOW, 1), 1, undefined, NOW + 500, 1);
  expect(waits(succeeded(twice), 1)).toEqual([1500]);
  expect(failed(succeeded(twice), 2, undefined, NOW + 10_000, 1).untilMs).toBe(NOW + 10_500);
});

test("requests that fail together count as one failure", () => {
  let state = NO_BACKOFF;
  for (let index = 0; index < 3; index += 1) state = failed(state, 0, undefined, NOW, 1);
  expect(state).toEqual({ untilMs: NOW + 500, failures: 1, round: 1 });
});

test("waits as long as the server asks, the longest of what several are told", () => {
  let state = failed(NO_BACKOFF, 0, 7000, NOW, 1);
  expect(state.untilMs).toBe(NOW + 7000);
  state = failed(state, 0, 9000, NOW, 1);
  expect(state).toEqual({ untilMs: NOW + 9000, failures: 1, round: 1 });
  expect(failed(state, 0, 100, NOW, 1).untilMs).toBe(NOW + 9000);
});
