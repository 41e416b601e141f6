import { describe, expect, test } from "vitest";
import { noTurns, withTold } from "../../src/follow/told-turns.js";
import { turnsAtRest } from "../../src/follow/turns-at-rest.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { loadFixture } from "../support/fixtures.js";
import { exportOf, SESSION, T0, treeOf, user } from "../trace/make-session.js";

const nothing = { retries: [], permissions: [], errors: [] };

describe("two turns", () => {
  const { session, tree, log } = loadFixture("two-turns@1.18.33");
  const rootId = session.info.id;
  const traces = traceSession(tree, { log });
  const loops = traces.map(({ loop }) => loop);
  const ids = loops.map(({ userMessageId }) => userMessageId);
  const atRest = { rootId, traces, evidence: nothing, family: new Set([rootId]) };
  const begun = session.info.time.created;

  test("are both told where both are news, with how they ended", () => {
    const { turns, runs } = turnsAtRest(noTurns, atRest, begun);
    expect([...turns]).toEqual(ids);
    expect(runs.map(({ startedAt }) => startedAt)).toEqual(loops.map(({ start }) => start));
  });

  test("of which one was told leave the other", () => {
    const { turns, runs } = turnsAtRest(withTold(noTurns, loops.slice(0, 1)), atRest, begun);
    expect([...turns]).toEqual(ids.slice(1));
    expect(runs).toHaveLength(1);
    expect(turnsAtRest(withTold(noTurns, loops), atRest, begun)).toEqual({ turns: new Set(), runs: [] });
  });

  test("from before looptrace came leave the last, which it was called for", () => {
    expect([...turnsAtRest(noTurns, atRest, Number.POSITIVE_INFINITY).turns]).toEqual(ids.slice(1));
  });

  test("that went on are told again, and how they ended is not", () => {
    const [first, second] = loops;
    if (!first || !second) throw new Error("the fixture has two turns");
    const told = withTold(noTurns, [{ ...first, steps: first.steps.slice(1) }, second]);
    const { turns, runs } = turnsAtRest(told, atRest, begun);
    expect([[...turns], runs]).toEqual([[first.userMessageId], []]);
  });

  test("of another session are not its own", () => {
    expect(turnsAtRest(noTurns, { ...atRest, rootId: "ses_other" }, begun).turns.size).toBe(0);
  });
});

test("a message without an answer is a turn only where the server told of a failure after it", () => {
  const traces = traceSession(treeOf(exportOf([user(0, "Go.")])));
  const atRest = { rootId: SESSION, traces, family: new Set([SESSION]) };
  const error = { sessionId: SESSION, error: { name: "APIError" }, at: T0 + 5 };
  const count = (errors: readonly (typeof error)[]) =>
    turnsAtRest(noTurns, { ...atRest, evidence: { ...nothing, errors } }, T0).turns.size;
  expect(count([])).toBe(0);
  expect(count([error])).toBe(1);
  expect(count([{ ...error, sessionId: "ses_other" }])).toBe(0);
  expect(count([{ ...error, at: T0 - 5 }])).toBe(0);
});
