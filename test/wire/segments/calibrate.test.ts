import { describe, expect, test } from "vitest";
import { calibrate } from "../../../src/wire/segments/calibrate.js";
import { countedSession, type TrueCall } from "./counted-session.js";

/** By how much reckoned tokens differ from true ones, weighted by them; of segments of some kind, or of all. */
function errorOf(calls: readonly (readonly [TrueCall, readonly number[]])[], kind?: string): number {
  let [wrong, right] = [0, 0];
  for (const [call, tokens] of calls) {
    call.segments.forEach(({ owner }, index) => {
      if (kind !== undefined && owner.kind !== kind) return;
      const truth = call.truth[index] ?? 0;
      wrong += Math.abs((tokens[index] ?? 0) - truth);
      right += truth;
    });
  }
  return wrong / right;
}

/** A session's last call with what is reckoned of it. */
function lastOf(session: readonly TrueCall[]): readonly [TrueCall, readonly number[], number | null] {
  const [call, reckoned] = [session.at(-1), calibrate(session).at(-1)];
  if (!call || !reckoned) throw new Error("the session has calls");
  return [call, reckoned.tokens, reckoned.error];
}

describe.each([
  { calls: 1, dearer: 1 },
  { calls: 2, dearer: 1.3 },
  { calls: 8, dearer: 1 },
  { calls: 8, dearer: 1.3 },
])("of sessions of $calls calls whose tokenizer has $dearer times as many tokens", ({ calls, dearer }) => {
  const sessions = [2, 3, 5].map((seed) => countedSession(calls, { seed, dearer }));
  const last = sessions.map(lastOf);
  const pairs = last.map(([call, tokens]) => [call, tokens] as const);

  test("each call's segments add up to what the provider counted", () => {
    for (const session of sessions) {
      for (const [index, { tokens }] of calibrate(session).entries()) {
        expect(tokens.reduce((sum, one) => sum + one, 0)).toBe(session[index]?.promptTokens);
        expect(tokens.every((one) => Number.isInteger(one) && one >= 0)).toBe(true);
      }
    }
  });

  test("the tokens of segments are right within 3 %", () => {
    expect(errorOf(pairs)).toBeLessThan(0.03);
    expect(errorOf(pairs, "system")).toBeLessThan(0.03);
    expect(errorOf(pairs, "tool-schema")).toBeLessThan(0.03);
    if (calls > 1) expect(errorOf(pairs, "tool-result")).toBeLessThan(0.03);
  });

  test("says how sure it is", () => {
    for (const [, , error] of last) {
      expect(error).toBeGreaterThan(0);
      // Of one call all that can be said is how far the usual tokenizer is from it.
      expect(error).toBeLessThan(calls > 1 || dearer === 1 ? 0.1 : 0.4);
    }
  });
});

test("answers have the tokens that the provider has counted of them", () => {
  // Many, since their texts are this repository's own, and change with it.
  const sessions = [2, 3, 5, 7, 11, 13, 17, 19].map((seed) =>
    countedSession(12, { seed, dearer: 1.3, tellsAnswers: true }),
  );
  const told = sessions.map(lastOf).map(([call, tokens]) => [call, tokens] as const);
  const bare = sessions.map((session) => lastOf(session.map(({ answer: _, ...call }) => call)));
  const untold = bare.map(([call, tokens]) => [call, tokens] as const);
  expect(errorOf(told)).toBeLessThan(0.02);
  expect(errorOf(told, "thinking")).toBeLessThan(0.01);
  for (const kind of [undefined, "answer", "tool-call"])
    expect(errorOf(told, kind)).toBeLessThan(errorOf(untold, kind) + 0.001);
  // Thinking that the model is not told again, or more than it shows, says nothing of what it is told.
  const hidden = sessions.map((session) =>
    lastOf(session.map((call) => ({ ...call, answer: { thinking: 0, said: 9_000 } }))),
  );
  expect(hidden.map(([, tokens]) => tokens)).toEqual(bare.map(([, tokens]) => tokens));
});

test("one call of a strange tokenizer is reckoned well, and called unsure", () => {
  const [call, tokens, error] = lastOf(countedSession(1, { seed: 3, dearer: 1.4 }));
  expect(errorOf([[call, tokens]])).toBeLessThan(0.03);
  expect(error).toBeGreaterThan(0.2);
});

test("an image has what the count grew by beside the texts", () => {
  const [call, tokens] = lastOf(countedSession(4, { seed: 3, image: 1_500 }));
  const at = call.segments.findIndex(({ owner }) => owner.kind === "attachment");
  expect(Math.abs((tokens[at] ?? 0) - 1_500)).toBeLessThan(75);
  expect(errorOf([[call, tokens]])).toBeLessThan(0.03);
});

test("a segment keeps its tokens from call to call", () => {
  const reckoned = calibrate(countedSession(6, { seed: 7 }));
  const first = reckoned[0]?.tokens.slice(1, 3) ?? [];
  const last = reckoned.at(-1)?.tokens.slice(1, 3) ?? [];
  first.forEach((tokens, index) => {
    expect(Math.abs(tokens - (last[index] ?? 0))).toBeLessThanOrEqual(1);
  });
});

test("calls without a count are reckoned by those that have one, and none by the usual tokenizer", () => {
  const session = countedSession(5, { seed: 9, dearer: 1.3 });
  const uncounted = session.map((call, index) => (index === 2 ? { ...call, promptTokens: null } : call));
  const reckoned = calibrate(uncounted);
  const [call, tokens] = [session[2], reckoned[2]?.tokens ?? []];
  expect(reckoned[2]?.error).toBeNull();
  expect(call && errorOf([[call, tokens]])).toBeLessThan(0.05);
  const none = calibrate(session.map((one) => ({ ...one, promptTokens: null })));
  const sum = none.at(-1)?.tokens.reduce((total, one) => total + one, 0) ?? 0;
  expect(Math.abs((1.3 * sum) / (session.at(-1)?.promptTokens ?? 1) - 1)).toBeLessThan(0.1);
});

test("counts that cannot be of these texts do no harm", () => {
  const session = countedSession(5, { seed: 11 });
  // The provider leaves thinking of the turns before out, or something stands in front that is not in the request.
  const strange = session.map((call, index) => ({ ...call, promptTokens: [12, 900_000, 0, 5_000, 5_001][index] ?? 0 }));
  for (const [index, { tokens }] of calibrate(strange).entries()) {
    expect(tokens.reduce((sum, one) => sum + one, 0)).toBe(strange[index]?.promptTokens);
    expect(tokens.every((one) => Number.isFinite(one) && one >= 0)).toBe(true);
  }
  expect(calibrate([])).toEqual([]);
  expect(calibrate([{ segments: [], promptTokens: 5 }])).toMatchObject([{ tokens: [] }]);
});
