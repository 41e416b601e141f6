import { describe, expect, test } from "vitest";
import { traceSession } from "../../../src/trace/trace-session.js";
import { at, loadFixture, onlyOne, traceOf } from "../../support/fixtures.js";
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
import { callsIn, retriesIn, toolsIn } from "../../trace/walk-trace.js";

const VERSIONS = ["1.18.33", "1.15.13"] as const;

describe.each(VERSIONS)("a session that was killed while a tool was at work (%s)", (version) => {
  const fixture = loadFixture(`killed@${version}`);
  const { loop } = traceOf(fixture.name);
  const step = onlyOne(loop.steps);

  test("makes a whole trace that says what is unfinished", () => {
    expect(loop).toMatchObject({ outcome: "unfinished", timing: "bounded", error: { code: "aborted" } });
    expect(step).toMatchObject({ outcome: "unfinished", timing: "bounded" });
    expect(step.call).toMatchObject({ outcome: "unfinished", usage: null, cost: null, finish: null });
    expect(step.call?.output).toMatchObject({ thinking: "The build takes its time.", text: "I wait." });
    const tool = onlyOne(step.tools);
    expect(tool).toMatchObject({
      callId: "call_wait",
      status: "running",
      outcome: "unfinished",
      output: null,
      failure: { kind: "aborted" },
    });
    expect(tool.end).toBe(loop.end);
  });

  test("ends with the process where somebody watched it", () => {
    const endedAt = step.end + 3_000;
    const run = {
      streamErrors: [],
      exit: { kind: "signalled" as const, signal: "SIGKILL", by: "deadline" as const },
      startedAt: loop.start - 1_000,
      endedAt,
      stderr: "",
    };
    const watched = onlyOne(traceSession(fixture.tree, { log: fixture.log, runs: [run] }));
    expect(watched.loop).toMatchObject({ end: endedAt, error: { code: "timeout" } });
    expect(onlyOne(toolsIn(watched.loop)).end).toBe(endedAt);
    // The model had asked for a tool already: its own time does not go on.
    expect(onlyOne(callsIn(watched.loop)).end).toBe(step.call?.end);
  });

  test("a later turn tells nothing about when it ended", () => {
    const later = user(0, "Go on.", { time: { created: loop.end + 60_000 } });
    const session = {
      ...fixture.session,
      messages: [...fixture.session.messages, ...treeOf(exportOf([later])).session.messages],
    };
    expect(at(traceSession({ session, children: [] }), 0).loop.end).toBe(loop.end);
  });
});

describe.each(VERSIONS)("a rate limit that opencode waited out (%s)", (version) => {
  const name = `rate-limited-then-ok@${version}`;

  test("is a retry with its typed error and its wait, where the log is there", () => {
    const { loop } = traceOf(name);
    const retry = onlyOne(retriesIn(loop));
    const call = onlyOne(callsIn(loop));
    expect(retry).toMatchObject({
      attempt: 0,
      // The first of its process: what it is sent with is still being loaded.
      timing: "bounded",
      error: { code: "rate_limit", evidence: "log" },
    });
    expect(retry.error?.message).toMatch(/rate limit/i);
    expect(retry.end).toBe(call.start);
    const [failed, answered] = loadFixture(name).provider.filter(({ title }) => !title);
    const waited = (answered?.received ?? 0) - (failed?.received ?? 0);
    expect(Math.abs(retry.end - retry.start - waited)).toBeLessThan(60);
    expect(loop).toMatchObject({ outcome: "completed", error: null, totals: { retries: 1, calls: 1 } });
    expect(loop.account.retries).toBe(retry.end - retry.start);
  });

  test("is inside the call's bounded time without", () => {
    const { loop } = traceOf(name, "export");
    expect(retriesIn(loop)).toEqual([]);
    expect(onlyOne(callsIn(loop))).toMatchObject({ timing: "bounded", start: at(loop.steps, 0).start });
  });
});

describe("a stream that broke off", () => {
  test.each(["log", "export"] as const)("is a retry of the same id, with the %s", (evidence) => {
    const { loop } = traceOf("retry-in-stream@1.18.33", evidence);
    const retry = onlyOne(retriesIn(loop));
    expect(retry.spanId).toBe(onlyOne(retriesIn(traceOf("retry-in-stream@1.18.33").loop)).spanId);
    expect(onlyOne(callsIn(loop)).timing).toBe(evidence === "log" ? "exact" : "bounded");
    expect(onlyOne(callsIn(loop)).output.text).toBe("Hello, this time completely.");
    expect(retry.end).toBeLessThanOrEqual(onlyOne(callsIn(loop)).start);
  });

  test("keeps what the dead attempt had said, also with a log that knows nothing of it", () => {
    const parts = [
      stepStart(20),
      text(25, 60, "I began to say"),
      stepStart(500),
      text(510, 600, "Said."),
      stepFinish(605),
    ];
    const tree = treeOf(exportOf([user(0, "Go."), assistant(10, 610, parts)]));
    const log = { requests: [{ sessionId: SESSION, at: T0 + 450, small: false }], failures: [] };
    const step = onlyOne(onlyOne(traceSession(tree, { log })).loop.steps);
    expect(onlyOne(step.retries).output.text).toBe("I began to say");
    expect(step.call?.output.text).toBe("Said.");
    expect(step.notes).toEqual([expect.stringContaining("log does not fit")]);
  });
});

describe("a request that failed and was made again", () => {
  const failure = {
    name: "APIError",
    data: { message: "Rate limit reached", statusCode: 429, isRetryable: true },
  };

  test("is the call's own, also where another prompt was typed in between", () => {
    const [first, second] = [user(0, "One."), user(1_000, "Two.")];
    const messages = [
      first,
      answer(50, 5_000, "One.", { parentID: first.info.id }),
      second,
      answer(5_020, 6_000, "Two.", { parentID: second.info.id }),
    ];
    const at = (ms: number) => ({ sessionId: SESSION, at: T0 + ms, small: false });
    const log = {
      requests: [at(55), at(3_100), at(5_025)],
      failures: [{ sessionId: SESSION, at: T0 + 100, error: failure }],
    };
    // The answer streams only after the second request.
    const said = messages[1];
    if (said) {
      const late = [stepStart(3_200), text(3_210, 4_990, "One."), stepFinish(4_995)];
      messages[1] = { ...said, parts: late };
    }
    const [one, two] = traceSession(treeOf(exportOf(messages)), { log });
    expect(one?.loop.steps[0]?.retries.map(({ start, end, error }) => [start - T0, end - T0, error?.code])).toEqual([
      [55, 3_100, "rate_limit"],
    ]);
    expect(one?.loop.steps[0]?.call).toMatchObject({
      start: T0 + 3_100,
      timing: "exact",
      firstTokenAt: T0 + 3_210,
    });
    expect(two?.loop.steps[0]).toMatchObject({ retries: [], recovered: false, call: { start: T0 + 5_025 } });
  });

  test("is over when the next one is answered, though its tool runs on", () => {
    const parts = [
      stepStart(100),
      tool(130, 130, 5_000),
      stepStart(2_000),
      text(2_010, 3_000, "Done."),
      stepFinish(3_005),
    ];
    const { loop } = onlyOne(
      traceSession(treeOf(exportOf([user(0, "Go."), assistant(10, 5_010, parts, { finish: "stop" })]))),
    );
    const step = onlyOne(loop.steps);
    expect(step.retries.map(({ start, end }) => [start - T0, end - T0])).toEqual([[10, 2_000]]);
    expect(step.call).toMatchObject({ start: T0 + 2_000, firstTokenAt: T0 + 2_010 });
    expect(step.call?.end).toBeGreaterThanOrEqual(T0 + 3_000);
  });
});
