import { describe, expect, test } from "vitest";
import { runEvidence } from "../../src/opencode/evidence.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, onlyOne } from "../support/fixtures.js";
import { assistant, exportOf, SESSION, stepFinish, stepStart, T0, text, tool, treeOf, user } from "./make-session.js";

interface Log {
  /** ms since the session began. */
  readonly requests: readonly number[];
  readonly failures: readonly (readonly [at: number, message: string])[];
}

/** The loop of a session with one turn. */
function loopOf(messages: Parameters<typeof exportOf>[0], log?: Log) {
  const tree = treeOf(exportOf(messages));
  if (!log) return onlyOne(traceSession(tree)).loop;
  const evidence = {
    requests: log.requests.map((ms) => ({ sessionId: SESSION, at: T0 + ms, small: false })),
    failures: log.failures.map(([ms, message]) => ({
      sessionId: SESSION,
      at: T0 + ms,
      error: { name: "UnknownError", data: { message } },
    })),
  };
  return onlyOne(traceSession(tree, { log: evidence })).loop;
}

const compaction = (ms: number) => user(ms, [{ type: "compaction", id: `prt_c${ms}`, auto: true, overflow: true }]);
const refused = (ms: number) => assistant(ms, ms + 50, []);
const summary = (ms: number) =>
  assistant(ms, ms + 90, [stepStart(ms + 5), text(ms + 6, ms + 80, "SUMMARY"), stepFinish(ms + 85)], {
    summary: true,
    mode: "compaction",
    finish: "stop",
  });
const apiError = (statusCode: number, message: string) => ({
  error: { name: "APIError", data: { message, statusCode, isRetryable: statusCode >= 500 } },
});

describe("requests after a stream that died", () => {
  const parts = [stepStart(600), text(610, 900, "It began")];

  test("are retries, and the call is the last of them", () => {
    const { steps, account } = loopOf([user(0, "Go."), assistant(50, 16_200, parts, apiError(500, "Internal"))], {
      requests: [100, 3_000, 8_000, 16_000],
      failures: [],
    });
    const step = onlyOne(steps);
    expect(step.retries.map(({ start, end }) => [start - T0, end - T0])).toEqual([
      [100, 3_000],
      [3_000, 8_000],
      [8_000, 16_000],
    ]);
    expect(at(step.retries, 0).output.text).toBe("It began");
    expect(step.call).toMatchObject({
      start: T0 + 16_000,
      end: T0 + 16_200,
      error: { code: "server_error" },
    });
    expect(account).toMatchObject({ model: 200, retries: 15_900 });
  });

  test("are known also when the turn was cut off while opencode waited", () => {
    const log: Log = { requests: [100, 3_000], failures: [[3_040, "Rate limit reached"]] };
    const step = onlyOne(loopOf([user(0, "Go."), assistant(50, null, parts)], log).steps);
    expect(step.retries).toHaveLength(1);
    expect(step.call).toMatchObject({ start: T0 + 3_000, error: { code: "rate_limit", evidence: "log" } });
  });
});

test("what the last request died of is said of a turn that was cut off while opencode waited to try again", () => {
  const loop = loopOf([user(0, "Go."), assistant(50, null, [])], {
    requests: [100, 3_000],
    failures: [
      [140, "Rate limit reached for m1"],
      [3_040, "Rate limit reached for m1"],
    ],
  });
  expect(loop.error).toMatchObject({ code: "aborted" });
  expect(loop.error?.message).toContain("A request had failed before: rate_limit, Rate limit reached for m1");
  expect(onlyOne(loop.steps).call?.error).toMatchObject({
    code: "rate_limit",
    retryAt: T0 + 3_040 + 60_000,
  });
});

test("the same request twice in the log, by two ways, is one", () => {
  const parts = [stepStart(600), text(610, 690, "Hello."), stepFinish(695)];
  const messages = [user(0, "Go."), assistant(50, 700, parts, { finish: "stop" })];
  expect(onlyOne(loopOf(messages, { requests: [100, 100], failures: [] }).steps).retries).toEqual([]);
});

describe("a context that is too large", () => {
  test("again after compacting is why the turn failed, and nothing was got over", () => {
    const loop = loopOf([
      user(0, "Go."),
      refused(100),
      compaction(160),
      summary(200),
      refused(300),
      compaction(360),
      assistant(400, null, [], { summary: true, mode: "compaction" }),
    ]);
    expect(loop).toMatchObject({
      failedStep: 2,
      error: { code: "max_output_tokens", reason: "context_overflow", sessionId: SESSION },
    });
    expect(loop.steps.map(({ recovered }) => recovered)).toEqual([false, false, false, false]);
  });

  test("once, and then answered, is got over", () => {
    const parts = [stepStart(310), text(320, 390, "Done."), stepFinish(395)];
    const done = assistant(300, 400, parts, { finish: "stop" });
    const loop = loopOf([user(0, "Go."), refused(100), compaction(160), summary(200), done]);
    expect(loop).toMatchObject({ error: null, failedStep: null, output: "Done." });
    expect(loop.steps.map(({ recovered }) => recovered)).toEqual([true, false, false]);
  });
});

test("the verdict stands on the step whose error it is, not on the last one", () => {
  const loop = loopOf([
    user(0, "Go."),
    assistant(10, 50, [], apiError(400, "bad")),
    assistant(60, null, [stepStart(70)]),
  ]);
  expect(loop).toMatchObject({ failedStep: 0, error: { code: "invalid_request" } });
  expect(at(loop.steps, 0)).toMatchObject({ recovered: false, call: { error: { code: "invalid_request" } } });
  expect(at(loop.steps, 1).call?.error).toBeNull();
});

describe("a finish that is a failure", () => {
  const cut = (finish: string) => {
    const parts = [stepStart(20), text(25, 60, "It began"), stepFinish(65, { reason: finish })];
    return loopOf([user(0, "Go."), assistant(10, 70, parts, { finish })]);
  };

  test.each([
    ["length", "max_output_tokens"],
    ["content-filter", "content_filter"],
  ])("%s is on the call, its step and the loop", (finish, code) => {
    const loop = cut(finish);
    expect(loop).toMatchObject({ outcome: "failed", failedStep: 0, error: { code } });
    expect(onlyOne(loop.steps)).toMatchObject({
      outcome: "failed",
      call: { outcome: "failed", error: { code } },
    });
  });

  test("keeps the partial text of its own step, never that of a summary or an earlier one", () => {
    expect(cut("length").error).toMatchObject({ partialText: "It began" });
    const thinking = {
      type: "reasoning",
      id: "prt_r",
      text: "Hm.",
      time: { start: T0 + 320, end: T0 + 390 },
    };
    const parts = [stepStart(310), thinking, stepFinish(395, { reason: "length" })];
    const last = assistant(300, 400, parts, { finish: "length" });
    const loop = loopOf([user(0, "Go."), refused(100), compaction(160), summary(200), last]);
    expect(loop.error).toMatchObject({ code: "max_output_tokens", reason: "output_limit" });
    expect(loop.error).not.toHaveProperty("partialText");
    expect(loop.output).toBeNull();
  });
});

test("the output of a turn is its last step's text, not that of a step on the way", () => {
  const looked = [
    stepStart(20),
    text(25, 60, "Let me look."),
    tool(70, 75, 80),
    stepFinish(85, { reason: "tool-calls" }),
  ];
  const loop = loopOf([
    user(0, "Go."),
    assistant(10, 90, looked, { finish: "tool-calls" }),
    assistant(100, 160, [stepStart(110), stepFinish(150)], { finish: "stop" }),
  ]);
  expect(loop).toMatchObject({ error: null, output: null });
});

test("a message with more than one step-finish loses no tokens", () => {
  const parts = [stepStart(20), stepFinish(40), stepStart(50), text(55, 60, "Hi."), stepFinish(65)];
  const loop = loopOf([user(0, "Go."), assistant(10, 70, parts, { finish: "stop" })]);
  expect(loop.totals.usage).toMatchObject({ input: 200, output: 20, reasoning: 4 });
});

describe("a turn that a server was made to abort", () => {
  const messages = [
    user(0, "Go."),
    assistant(50, 900, [stepStart(60)], {
      error: { name: "MessageAbortedError", data: { message: "Aborted" } },
    }),
  ];
  const run = { streamErrors: [], startedAt: T0 - 10, endedAt: T0 + 1_000, stderr: "" } as const;
  const errorAfter = (evidence: object) => {
    const parsed = runEvidence.parse({ ...run, ...evidence });
    return onlyOne(traceSession(treeOf(exportOf(messages)), { runs: [parsed] })).loop.error;
  };

  test("failed for the reason it was aborted for", () => {
    expect(errorAfter({ exit: { kind: "served", asked: "deadline" } })).toMatchObject({ code: "timeout" });
    expect(errorAfter({ exit: { kind: "served", asked: "caller" } })).toMatchObject({
      code: "aborted",
      abortedBy: "caller",
    });
    const limit = { by: "limit", of: "steps", allowed: 2, reached: 2 };
    expect(errorAfter({ exit: { kind: "served", asked: "caller" }, halted: limit })).toMatchObject({
      code: "aborted",
      abortedBy: "limit",
    });
  });

  test("by somebody else is aborted by somebody else", () => {
    expect(errorAfter({ exit: { kind: "served" } })).toMatchObject({ code: "aborted", evidence: "export" });
  });
});
