import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withTold } from "../../src/follow/told-turns.js";
import {
  isAtWork,
  judgeSession,
  lookIn,
  nextAskAt,
  noTurnsSince,
  settlesIn,
  type TurnState,
  withChanged,
  withoutPending,
} from "../../src/follow/turn-state.js";
import type { SessionEnd } from "../../src/opencode/server/list-sessions.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { fixtureNames, loadFixture } from "../support/fixtures.js";
import { answer, assistant, exportOf, SESSION, stepStart, T0, text, treeOf, user } from "../trace/make-session.js";

const HOUR_MS = 3_600_000;
const changed = (id: string, updated: number) => ({ id, directory: "/a", updated });
const tracesOf = (...messages: Parameters<typeof exportOf>[0]): readonly LoopTrace[] =>
  traceSession(treeOf(exportOf(messages)));

const whole = tracesOf(user(0, "Go."), answer(10, 100));
const atWork = tracesOf(user(0, "Go."), assistant(10, null, [stepStart(20), text(21, null, "I am")]));
const answered: SessionEnd = { state: "at-rest", messageId: "msg_1" };

function judge(traces: readonly LoopTrace[], afterMs: number, end: SessionEnd, more: Partial<TurnState> = {}) {
  const state = { ...withChanged(noTurnsSince(T0), [changed(SESSION, T0)]), ...more };
  const { over, nextMs, state: next } = judgeSession(state, { id: SESSION, end, traces }, T0, T0 + afterMs);
  return {
    over: over.size,
    nextMs,
    pending: next.pending.has(SESSION),
    waiting: next.waitingAt.get(SESSION),
  };
}

describe("a turn that was answered", () => {
  test("is over a moment later, for it may go on", () => {
    expect(judge(whole, 600, answered)).toMatchObject({ over: 0, nextMs: 1_000, pending: true });
    expect(judge(whole, 1_600, answered)).toMatchObject({ over: 1, nextMs: undefined, pending: false });
  });

  test("is told once", () => {
    const told = withTold(
      new Map(),
      whole.map(({ loop }) => loop),
    );
    expect(judge(whole, 9_000, answered, { told })).toMatchObject({ over: 0, pending: false });
  });

  test("before looptrace came is left alone", () => {
    const state = noTurnsSince(T0 + HOUR_MS);
    const look = { id: SESSION, end: answered, traces: whole };
    expect(judgeSession(state, look, T0 + HOUR_MS, T0 + 2 * HOUR_MS).over.size).toBe(0);
  });
});

test("a turn at work is over when nothing has happened for an hour", () => {
  const end: SessionEnd = { state: "at-work", messageId: "msg_1" };
  expect(judge(atWork, 60_000, end)).toMatchObject({ over: 0, nextMs: undefined, pending: true });
  expect(judge(atWork, HOUR_MS + 60_000, end)).toMatchObject({ over: 1, pending: false });
});

test("a message that waits for an answer is waited for, and not read again", () => {
  const end: SessionEnd = { state: "unanswered", messageId: "msg_9" };
  const traces = tracesOf(user(0, "Go."), answer(10, 100), user(200, "And now?"));
  expect(judge(traces, 10_000, end)).toMatchObject({ over: 1, pending: true, waiting: "msg_9" });
  const waiting = { ...noTurnsSince(T0), waitingAt: new Map([[SESSION, "msg_9"]]) };
  expect(isAtWork(waiting, SESSION, end, T0)).toBe(true);
  expect(isAtWork(waiting, SESSION, { ...end, messageId: "msg_10" }, T0)).toBe(false);
  const old = withChanged(waiting, [changed(SESSION, T0)]);
  expect(isAtWork(old, SESSION, end, T0 + 2 * HOUR_MS)).toBe(false);
});

test("what has changed is pending until it is over, and when it changed is known", () => {
  const state = withChanged(noTurnsSince(5), [changed("ses_a", 7), changed("ses_b", 6)]);
  expect([[...state.pending], state.seen.get("ses_b"), state.newest]).toEqual([["ses_a", "ses_b"], 6, 7]);
  expect([...withoutPending(state, "ses_a").pending]).toEqual(["ses_b"]);
  expect(withChanged(noTurnsSince(5), []).newest).toBe(5);
});

test("whatever is looked at whenever: a turn that was told is no news, and what is to come is told when", () => {
  const sessions = fixtureNames.map((name) => loadFixture(name));
  const look = fc.record({
    fixture: fc.constantFrom(...sessions),
    state: fc.constantFrom("at-rest" as const, "at-work" as const, "unanswered" as const),
    laterMs: fc.nat(2 * HOUR_MS),
    seenMs: fc.nat(2 * HOUR_MS),
  });
  fc.assert(
    fc.property(look, ({ fixture, state: endState, laterMs, seenMs }) => {
      const { id, time } = fixture.session.info;
      const traces = traceSession(fixture.tree, { log: fixture.log }).filter(({ loop }) => loop.sessionId === id);
      const end: SessionEnd = { state: endState, messageId: "msg_1" };
      const since = time.created - 1;
      const before = withChanged(noTurnsSince(since), [changed(id, time.created + seenMs)]);
      const copy = structuredClone(before);
      const now = time.created + laterMs;
      const first = judgeSession(before, { id, end, traces }, since, now);
      expect(before).toEqual(copy);
      const prompts = traces.map(({ loop }) => loop.userMessageId);
      for (const one of first.over) expect(prompts).toContain(one);
      if (first.nextMs !== undefined) expect(first.nextMs).toBeGreaterThan(0);
      // Who says when to look again, or waits, has not let go of it.
      if (first.nextMs !== undefined) expect(first.state.pending.has(id)).toBe(true);
      const loops = traces.map(({ loop }) => loop).filter((loop) => first.over.has(loop.userMessageId));
      const told = { ...first.state, told: withTold(first.state.told, loops) };
      expect(judgeSession(told, { id, end, traces }, since, now).over.size).toBe(0);
    }),
  );
});

describe("which of the pending sessions are asked how they end", () => {
  const pending = (count: number) =>
    withChanged(
      noTurnsSince(0),
      Array.from({ length: count }, (_, index) => ({ id: `ses_${index}`, directory: "/a", updated: 7 })),
    );
  const asked = { at: 1_000, updated: 7, dueAt: undefined };

  test.each([
    ["one that was never asked", 1, undefined, 1_507, true],
    ["one that was never asked, and has just been updated", 1, undefined, 1_506, false],
    ["one that was updated in the future", 1, undefined, 6, true],
    ["one that was updated since", 1, { ...asked, updated: 6 }, 1_507, true],
    ["one that has just been updated", 1, { ...asked, updated: 6 }, 1_506, false],
    ["one that has just been updated, and was asked long ago", 1, { ...asked, at: -4_000, updated: 6 }, 1_000, true],
    ["one that has just been updated, whose turn may be over", 1, { ...asked, updated: 6, dueAt: 1_200 }, 1_200, true],
    ["one whose turn may be over now", 1, { ...asked, dueAt: 1_500 }, 1_500, true],
    ["one whose turn may be over later", 1, { ...asked, dueAt: 1_500 }, 1_499, false],
    ["one without news", 1, asked, 3_000, false],
    ["one without news for long", 1, asked, 3_500, true],
    // Looks come every 2.5 s, and the question a little later or earlier in each.
    ["one without news for long, by a look that took less than the one before", 1, asked, 3_480, true],
    ["one of ten without news for that long", 10, asked, 3_500, false],
    ["one of ten without news for longer", 10, asked, 5_980, true],
    ["one of a hundred without news for longer", 100, asked, 6_000, true],
    ["one that was asked in the future", 1, asked, 500, true],
  ])("%s", (_, count, last, now, isAsked) => {
    expect(now >= nextAskAt(pending(count), "ses_0", last, now)).toBe(isAsked);
  });

  test("what has just been updated is looked at when it has settled, and many together", () => {
    expect(lookIn(pending(1), "ses_0", undefined, 507)).toBe(1_000);
    expect(lookIn(pending(8), "ses_0", undefined, 507)).toBe(2_000);
    expect(lookIn(pending(100), "ses_0", undefined, 507)).toBe(2_500);
    expect(lookIn(pending(10), "ses_0", asked, 1_100)).toBeUndefined();
    expect(lookIn(pending(10), "ses_0", { ...asked, dueAt: 1_500 }, 1_100)).toBe(400);
  });

  test("one that has just come to rest is read when it has settled", () => {
    const atRest = { state: "at-rest", messageId: "msg_1", completedAt: 1_000 } as const;
    expect(settlesIn(atRest, 1_200)).toBe(1_300);
    expect(settlesIn(atRest, 9_000)).toBe(0);
    expect(settlesIn({ state: "at-rest", messageId: undefined }, 1_200)).toBe(0);
    expect(settlesIn({ ...atRest, state: "unanswered" }, 1_200)).toBe(0);
  });

  test("one that was just asked something is read when its answer should have begun, and at once by a clock that is set back", () => {
    const asked = { state: "unanswered", messageId: "msg_1", askedAt: 1_000 } as const;
    expect([1_000, 1_200, 6_000, 9_000].map((now) => settlesIn(asked, now))).toEqual([5_000, 4_800, 0, 0]);
    expect(settlesIn(asked, 900)).toBe(0);
    expect(settlesIn({ ...asked, state: "at-work" }, 1_200)).toBe(0);
  });
});
