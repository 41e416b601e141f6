/** Turns whose end opencode tells of. */
import { describe, expect, test } from "vitest";
import type { Turn } from "../../src/opencode/model.js";
import type { Loop } from "../../src/trace/model.js";
import { openSpanIds } from "../../src/trace/open-spans.js";
import { traceModel } from "../../src/trace/trace-session.js";
import { onlyOne } from "../support/fixtures.js";
import { followed } from "./make-evidence.js";
import { answerAt, callAt, endAt, sessionOf, told, toolAt, turnOf } from "./make-model.js";
import { T0 } from "./make-session.js";

function loopOf(turn: Turn): Loop {
  return onlyOne(traceModel(sessionOf([turn]))).loop;
}

const OVERLOADED = { name: "provider.internal", data: { message: "Overloaded", statusCode: 529 } };
const FAILED = { error: OVERLOADED, finish: "error", call: callAt(100, null, { finish: "error" }) };

test("a turn ends when opencode says so, not with its last step", () => {
  const loop = loopOf(turnOf(0, [answerAt(100, 400)], { end: endAt(450, "succeeded") }));
  expect(loop).toMatchObject({ start: T0, end: T0 + 450, timing: "exact", outcome: "completed", error: null });
  expect(loop.account).toMatchObject({ duration: 450, model: 295, other: 155 });
});

test("an error that the turn was continued after is got over", () => {
  const rest = [answerAt(100, 300, FAILED), told(310, "Continue from where you left off."), answerAt(320, 500)];
  const { outcome, error, steps } = loopOf(turnOf(0, rest, { end: endAt(510, "succeeded") }));
  expect([outcome, error]).toEqual(["completed", null]);
  expect(steps.map((step) => [step.outcome, step.recovered])).toEqual([
    ["failed", true],
    ["completed", false],
  ]);
});

describe("a turn that failed", () => {
  test("by the error of its last answer, which stands on that step", () => {
    const loop = loopOf(turnOf(0, [answerAt(100, 300, FAILED)], { end: endAt(310, "failed", OVERLOADED) }));
    expect(loop).toMatchObject({ outcome: "failed", failedStep: 0, error: { evidence: "export" } });
    expect(loop.error?.message).toContain("Overloaded");
  });

  test("by an error that only its end tells, although the last answer looks well", () => {
    const error = { name: "compaction.failed", data: { message: "No room was made." } };
    const loop = loopOf(turnOf(0, [answerAt(100, 300)], { end: endAt(310, "failed", error) }));
    expect(loop).toMatchObject({ outcome: "failed", failedStep: 0 });
    expect(loop.error?.message).toContain("No room was made.");
  });

  test("without any word why", () => {
    const loop = loopOf(turnOf(0, [answerAt(100, 300)], { end: endAt(310, "failed") }));
    expect(loop.error).toMatchObject({ code: "unknown", message: "opencode says that the turn failed, and not why." });
  });

  test("before any answer", () => {
    const error = { name: "provider.auth", data: { message: "Bad key", statusCode: 401 } };
    const loop = loopOf(turnOf(0, [], { end: endAt(90, "failed", error) }));
    expect(loop).toMatchObject({ end: T0 + 90, outcome: "failed", failedStep: null });
    expect(loop.error).toMatchObject({ code: "authentication_failed" });
  });
});

test("a turn that was interrupted is aborted; by whom tells the run of looptrace's, where it was one", () => {
  const rest = [answerAt(100, null, { finish: null, call: callAt(100, null) })];
  const end = endAt(310, "interrupted");
  expect(loopOf(turnOf(0, rest, { end })).error).toMatchObject({ code: "aborted" });
  const run = followed({ exit: { kind: "served", asked: "deadline" } });
  expect(loopOf(turnOf(0, rest, { end, run }))).toMatchObject({ outcome: "failed", error: { code: "timeout" } });
});

test("nothing of it goes on, however it looks", () => {
  const rest = [answerAt(100, 300, { finish: "tool-calls", call: callAt(100, 250, { finish: "tool-calls" }) })];
  const openIn = (turn: Turn): number => openSpanIds(onlyOne(traceModel(sessionOf([turn])))).size;
  expect(openIn(turnOf(0, rest))).toBeGreaterThan(0);
  expect(openIn(turnOf(0, rest, { end: endAt(310, "interrupted") }))).toBe(0);
  expect(openIn(turnOf(0, rest, { end: endAt(310, "succeeded") }))).toBe(0);
});

test("an answer that was cut short is a failure, however well the turn ended", () => {
  const cut = answerAt(100, 300, { finish: "length", call: callAt(100, 295, { finish: "length" }) });
  const { error, outcome } = loopOf(turnOf(0, [cut], { end: endAt(310, "succeeded") }));
  expect([outcome, error?.code]).toEqual(["failed", "max_output_tokens"]);
});

test("a turn without an answer is over where opencode says so", () => {
  expect(loopOf(turnOf(0, [], { end: endAt(50, "succeeded") }))).toMatchObject({ outcome: "completed", error: null });
  expect(loopOf(turnOf(0, []))).toMatchObject({ outcome: "unfinished", error: null });
});

test("what opencode put behind the last answer is not waited for any more", () => {
  const rest = [answerAt(100, 300), told(305, "The background task has ended.")];
  expect(loopOf(turnOf(0, rest)).outcome).toBe("unfinished");
  expect(loopOf(turnOf(0, rest, { end: endAt(310, "succeeded") })).outcome).toBe("completed");
});

test("a person's command, and the prompt after it that reads what it told", () => {
  const command = answerAt(20, 80, { step: "command", call: null, tools: [toolAt(20, 80)], finish: null });
  const first = turnOf(10, [command], { origin: "command", prompts: [], agent: null, model: null });
  const second = turnOf(200, [answerAt(210, 300)], { context: [command], end: endAt(310, "succeeded") });
  const [ran, asked] = traceModel(sessionOf([first, second])).map(({ loop }) => loop);
  expect(ran).toMatchObject({ outcome: "completed", error: null, steps: [{ kind: "command", call: null }] });
  expect(asked?.steps[0]?.call?.input).toEqual([
    { role: "tool", tool_call_id: "call_20", name: "shell", content: "done" },
    { role: "user", content: "Go." },
  ]);
});
