import { describe, expect, test } from "vitest";
import type { RunEvidence } from "../../../src/opencode/evidence.js";
import type { SeenRetry } from "../../../src/opencode/schema/event-facts.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import { at, loadFixture, onlyOne, tracesOf } from "../../support/fixtures.js";
import { followed } from "../../trace/make-evidence.js";
import {
  answer,
  assistant,
  exportOf,
  SESSION,
  stepFinish,
  stepStart,
  T0,
  text,
  tool,
  treeOf,
  user,
} from "../../trace/make-session.js";
import { callsIn, retriesIn } from "../../trace/walk-trace.js";

/** @param failed when, and @param next when it is made again: ms since the session's beginning */
function retry(failed: number, next: number, attempt = 1, more: Partial<SeenRetry> = {}): SeenRetry {
  return {
    sessionId: SESSION,
    at: T0 + failed,
    next: T0 + next,
    attempt,
    reason: "Rate limit reached",
    ...more,
  };
}

function run(retries: readonly SeenRetry[], endedAt = 10_000, more: Partial<RunEvidence> = {}): RunEvidence {
  return followed({ retries: [...retries], endedAt: T0 + endedAt, ...more });
}

/** An answer that streams late: what it waited for is in question. */
function late(from: number, chunk: number, to: number) {
  return assistant(from, to, [stepStart(chunk), text(chunk + 5, to - 5, "Done."), stepFinish(to - 4)], {
    finish: "stop",
  });
}

function loopOf(messages: Parameters<typeof exportOf>[0], ...runs: readonly RunEvidence[]) {
  return onlyOne(traceSession(treeOf(exportOf(messages)), { runs })).loop;
}

const relative = ({ start, end }: { readonly start: number; readonly end: number }) => [start - T0, end - T0];

describe("a request that failed and was made again, by the server's events", () => {
  test("is a retry with its typed error and its wait; the call starts when it was made again", () => {
    const loop = loopOf([user(0, "Go."), late(50, 5_100, 6_000)], run([retry(80, 2_000), retry(2_050, 5_000, 2)]));
    const step = onlyOne(loop.steps);
    expect(step.retries.map(relative)).toEqual([
      [50, 2_000],
      [2_000, 5_000],
    ]);
    expect(step.retries.map(({ attempt, timing, error }) => [attempt, timing, error?.code, error?.evidence])).toEqual([
      [0, "bounded", "rate_limit", "events"],
      [1, "exact", "rate_limit", "events"],
    ]);
    expect(step.retries[1]?.error).toMatchObject({ message: "Rate limit reached", retryAt: T0 + 62_050 });
    expect(step.call).toMatchObject({ start: T0 + 5_000, timing: "exact", firstTokenAt: T0 + 5_105 });
    expect(step).toMatchObject({ recovered: true, notes: [] });
    expect(loop).toMatchObject({ outcome: "completed", totals: { retries: 2, calls: 1 } });
    expect(loop.account).toMatchObject({ retries: 4_950, firstToken: 105 });
  });

  test.each([
    ["Rate limit reached for m1", "rate_limit"],
    ["Overloaded", "server_error"],
    ["Connection reset by server", "server_error"],
    ["You exceeded your current quota, please check your plan and billing details.", "billing_error"],
  ])("says why it failed, as far as the provider's words tell: %s", (reason, code) => {
    const again = run([retry(80, 5_000, 1, { reason })]);
    const loop = loopOf([user(0, "Go."), late(50, 5_100, 6_000)], again);
    expect(onlyOne(retriesIn(loop)).error).toMatchObject({ code, message: reason });
  });

  test("keeps what it had streamed", () => {
    const parts = [
      stepStart(100),
      text(105, 400, "I began to say"),
      stepStart(3_050),
      text(3_060, 3_900, "Said."),
      stepFinish(3_905),
    ];
    const loop = loopOf([user(0, "Go."), assistant(50, 3_910, parts, { finish: "stop" })], run([retry(450, 3_000)]));
    const step = onlyOne(loop.steps);
    const [dead] = step.retries;
    expect(dead).toMatchObject({ start: T0 + 50, end: T0 + 3_000, error: { code: "rate_limit" } });
    expect(dead?.output.text).toBe("I began to say");
    expect(step.call).toMatchObject({ start: T0 + 3_000, output: { text: "Said." } });
    const [without] = onlyOne(loopOf([user(0, "Go."), assistant(50, 3_910, parts)]).steps).retries;
    expect(without?.output.text).toBe("I began to say");
  });

  test("cut off while opencode waited is the call's own failure: no request came after it", () => {
    const messages = [user(0, "Go."), assistant(50, null, [])];
    const asked = { exit: { kind: "served", asked: "deadline" } } as const;
    const loop = loopOf(messages, run([retry(80, 2_000), retry(2_040, 60_000, 2)], 9_000, asked));
    const step = onlyOne(loop.steps);
    expect(step.retries.map(relative)).toEqual([[50, 2_000]]);
    expect(step.call).toMatchObject({
      start: T0 + 2_000,
      end: T0 + 9_000,
      error: { code: "rate_limit", evidence: "events" },
    });
    expect(loop.error).toMatchObject({ code: "timeout", lastFailure: { code: "rate_limit" } });
  });

  test("cut off after it was made again, before it was answered", () => {
    const asked = { exit: { kind: "served", asked: "deadline" } } as const;
    const loop = loopOf([user(0, "Go."), assistant(50, null, [])], run([retry(80, 2_000)], 9_000, asked));
    const step = onlyOne(loop.steps);
    expect(step.retries.map(relative)).toEqual([[50, 2_000]]);
    expect(step.call).toMatchObject({
      start: T0 + 2_000,
      end: T0 + 9_000,
      outcome: "unfinished",
      error: null,
    });
    expect(loop.error).toMatchObject({ code: "timeout", lastFailure: { code: "rate_limit" } });
  });

  test("an abort while opencode waited: the wait was never over", () => {
    const error = { name: "MessageAbortedError", data: { message: "Aborted" } };
    const loop = loopOf([user(0, "Go."), assistant(50, 900, [], { error })], run([retry(80, 2_000)]));
    const step = onlyOne(loop.steps);
    expect(step.retries).toEqual([]);
    expect(step.call).toMatchObject({ start: T0 + 50, timing: "bounded", error: { code: "aborted" } });
  });

  test("made again earlier than planned is bounded by its answer", () => {
    const loop = loopOf([user(0, "Go."), late(50, 1_000, 2_000)], run([retry(80, 1_500)]));
    const step = onlyOne(loop.steps);
    expect(step.retries.map(relative)).toEqual([[50, 1_000]]);
    expect(step.call).toMatchObject({ start: T0 + 1_000, timing: "bounded" });
  });

  test("stands at its own step only, once, however often it is told", () => {
    const messages = [
      user(0, "Go."),
      assistant(50, 400, [stepStart(60), tool(70, 80, 390), stepFinish(395)], { finish: "tool-calls" }),
      late(400, 3_100, 4_000),
    ];
    const own = run([retry(450, 3_000), retry(450, 3_000)]);
    const loop = loopOf(messages, own, { ...own, id: "again" });
    expect(loop.steps.map(({ retries }) => retries.length)).toEqual([0, 1]);
    expect(loop.steps[0]?.call).toMatchObject({ start: T0 + 50, timing: "bounded" });
    expect(loop.steps[1]?.call?.start).toBe(T0 + 3_000);
  });

  test("of a stream that the events do not explain the export counts, and a note says so", () => {
    const parts = [
      stepStart(100),
      text(105, 400, "One."),
      stepStart(500),
      text(505, 700, "Two."),
      stepStart(3_100),
      text(3_110, 3_900, "Said."),
      stepFinish(3_905),
    ];
    const step = onlyOne(
      loopOf([user(0, "Go."), assistant(50, 3_910, parts, { finish: "stop" })], run([retry(750, 3_000)])).steps,
    );
    expect(step.retries.map(({ output }) => output.text)).toEqual(["One.", "Two."]);
    expect(step.notes).toEqual([expect.stringContaining("events do not fit")]);
  });

  test("counts where the log does not reach, and the log where it does", () => {
    const messages = [
      user(0, "Go."),
      assistant(50, 400, [stepStart(60), tool(70, 80, 390), stepFinish(395)], { finish: "tool-calls" }),
      late(401, 3_100, 4_000),
    ];
    const log = { requests: [{ sessionId: SESSION, at: T0 + 55, small: false }], failures: [] };
    const runs = [run([retry(450, 3_000)])];
    const { steps } = onlyOne(traceSession(treeOf(exportOf(messages)), { log, runs })).loop;
    expect(steps.map(({ call }) => [(call?.start ?? 0) - T0, call?.timing])).toEqual([
      [55, "exact"],
      [3_000, "exact"],
    ]);
    expect(steps.map(({ retries }) => retries.length)).toEqual([0, 1]);
  });

  test("in a subagent's session is on its call", () => {
    const started = tool(60, 70, 8_000, {
      tool: "task",
      state: { metadata: { sessionId: "ses_below" } },
    });
    const tree = treeOf(
      exportOf([
        user(0, "Go."),
        assistant(50, 8_010, [stepStart(55), started, stepFinish(8_005)], { finish: "tool-calls" }),
        answer(8_020, 8_500),
      ]),
      exportOf([user(100, "Look."), late(110, 5_100, 7_900)], {
        id: "ses_below",
        parentID: SESSION,
        time: { created: T0 + 90 },
      }),
    );
    const runs = [run([retry(200, 5_000, 1, { sessionId: "ses_below" })])];
    const { loop } = onlyOne(traceSession(tree, { runs }));
    const [below] = at(at(loop.steps, 0).tools, 0).loops;
    expect(below?.steps[0]?.retries.map(relative)).toEqual([[110, 5_000]]);
    expect(below?.steps[0]?.call?.start).toBe(T0 + 5_000);
    expect(loop.totals.retries).toBe(0);
    expect(loop.totalsWithSubagents.retries).toBe(1);
  });
});

describe("a recorded rate limit", () => {
  const fixture = loadFixture("rate-limited-then-ok@1.18.33");
  const failure = at(fixture.log.failures, 0);
  const sent = fixture.log.requests.filter(({ small }) => !small).map(({ at: moment }) => moment);
  const told: SeenRetry = {
    sessionId: failure.sessionId,
    at: failure.at,
    next: at(sent, 1),
    attempt: 1,
    reason: "Rate limit reached",
  };
  const runs = [{ ...run([told]), startedAt: at(sent, 0) - 5_000, endedAt: at(sent, 1) + 60_000 }];

  test("is the same span by the events as by the log, but for its first moment", () => {
    const { loop } = onlyOne(traceSession(fixture.tree, { runs }));
    const [logged] = tracesOf(fixture, "log");
    const byLog = onlyOne(retriesIn(logged?.loop ?? loop));
    const byEvents = onlyOne(retriesIn(loop));
    expect(byEvents).toMatchObject({
      spanId: byLog.spanId,
      end: byLog.end,
      error: { code: byLog.error?.code },
    });
    expect(byEvents.start).toBe(onlyOne(loop.steps).start);
    expect(byEvents.start).toBeLessThan(byLog.start);
    expect(onlyOne(callsIn(loop)).start).toBe(at(sent, 1));
  });

  test("is told once where both are there, and the log wins", () => {
    const both = traceSession(fixture.tree, { log: fixture.log, runs });
    const [loop, logged] = [onlyOne(both).loop, onlyOne(tracesOf(fixture, "log")).loop];
    expect(loop.steps.map(({ retries, call }) => ({ retries, call }))).toEqual(
      logged.steps.map(({ retries, call }) => ({ retries, call })),
    );
    expect(onlyOne(retriesIn(loop)).error?.evidence).toBe("log");
  });
});
