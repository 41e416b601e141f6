import { expect, test } from "vitest";
import {
  type LiveState,
  lookEveryMs,
  nextLookAt,
  nextRoundAt,
  nothingLive,
  roundAt,
  withLook,
  withLookBegun,
  withoutSession,
  withSent,
  withUpdate,
} from "../../src/follow/live-state.js";

const EVERY_MS = 1_000;
const updated = withUpdate(nothingLive, "ses_a", 5_000);

function looked(state: LiveState, costMs: number): LiveState {
  return withLook(withLookBegun(state, "ses_a"), "ses_a", 7_000, costMs);
}

test("a session is looked at some time after it was first told of", () => {
  expect(nextLookAt(updated, "ses_a", EVERY_MS)).toBe(6_000);
  expect(nextLookAt(withUpdate(updated, "ses_a", 5_900), "ses_a", EVERY_MS)).toBe(6_000);
  expect(nextLookAt(updated, "ses_b", EVERY_MS)).toBeUndefined();
});

test("after a look it is left alone until it changes again", () => {
  expect(nextLookAt(looked(updated, 10), "ses_a", EVERY_MS)).toBeUndefined();
  expect(nextLookAt(withUpdate(looked(updated, 10), "ses_a", 7_100), "ses_a", EVERY_MS)).toBe(8_000);
});

test("what changes during a look is for the next one", () => {
  const during = withUpdate(withLookBegun(updated, "ses_a"), "ses_a", 6_500);
  expect(nextLookAt(withLook(during, "ses_a", 7_000, 10), "ses_a", EVERY_MS)).toBe(8_000);
});

test("all looks together have at most a twentieth of a processor", () => {
  const state = withUpdate(looked(updated, 400), "ses_a", 7_100);
  expect(nextLookAt(state, "ses_a", EVERY_MS)).toBe(15_000);
  expect(nextLookAt(withUpdate(state, "ses_b", 7_200), "ses_a", EVERY_MS)).toBe(23_000);
});

test("what went out is known of each session, until it is not traced any more", () => {
  const sent = withSent(withSent(updated, "ses_a", ["1"]), "ses_a", ["2"]);
  expect([...(sent.get("ses_a")?.sent ?? [])]).toEqual(["1", "2"]);
  expect(withSent(withoutSession(sent, "ses_a"), "ses_a", ["3"]).size).toBe(0);
  expect(updated.get("ses_a")?.sent.size).toBe(0);
});

test("with many at work each waits longer, and all are looked at together", () => {
  const ids = Array.from({ length: 6 }, (_, index) => `ses_${index}`);
  const many = ids.reduce((state, id, index) => withUpdate(state, id, 5_000 + index * 400), nothingLive);
  expect([1, 2].map((count) => lookEveryMs(new Map([...many].slice(0, count)), EVERY_MS))).toEqual([1_000, 1_000]);
  expect(lookEveryMs(many, EVERY_MS)).toBe(3_000);
  expect(nextRoundAt(many, EVERY_MS)).toBe(8_000);
  expect(roundAt(many, EVERY_MS, 7_999 - 1_500)).toEqual([]);
  expect(roundAt(many, EVERY_MS, 8_000)).toEqual(ids.slice(0, 4));
  const after = ids.reduce((state, id) => withLook(withLookBegun(state, id), id, 8_000, 10), many);
  expect(nextRoundAt(after, EVERY_MS)).toBeUndefined();
  expect(roundAt(after, EVERY_MS, 60_000)).toEqual([]);
  expect(nextRoundAt(withUpdate(after, "ses_5", 8_100), EVERY_MS)).toBe(11_000);
});

test("however many are at work, none waits longer than 5 s", () => {
  const many = Array.from({ length: 100 }, (_, index) => `ses_${index}`);
  const state = many.reduce((before, id) => withUpdate(before, id, 1_000), nothingLive);
  expect(lookEveryMs(state, EVERY_MS)).toBe(5_000);
});
