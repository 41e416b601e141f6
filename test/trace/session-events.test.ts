import { describe, expect, test } from "vitest";
import { eventText } from "../../src/analysis/row-texts.js";
import type { CompactionEvent, CompactionSummary, Turn } from "../../src/opencode/model.js";
import { describeTrace } from "../../src/otel/describe-trace.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceModel } from "../../src/trace/trace-session.js";
import { at, onlyOne } from "../support/fixtures.js";
import { answerAt, callAt, endAt, MODEL, recorded, sessionOf, turnOf, USED } from "./make-model.js";
import { T0 } from "./make-session.js";
import { eventsIn } from "./walk-trace.js";

function traceOf(turn: Turn): LoopTrace {
  return onlyOne(traceModel(sessionOf([turn])));
}

function compactionAt(from: number, to: number | null, more: Partial<CompactionSummary> = {}): CompactionEvent {
  const usage = { ...USED, input: 5_000 };
  const summary: CompactionSummary = {
    outcome: to === null ? "unfinished" : "completed",
    end: to === null ? null : T0 + to,
    model: MODEL,
    spent: { usage, cost: 0.25 },
    error: null,
    ...more,
  };
  return { kind: "event", name: "compaction", id: `msg_${from}`, at: T0 + from, auto: true, overflow: false, summary };
}

test("what was switched and read stands in the step that came next, in words", () => {
  const base = { kind: "event" as const };
  const variant = { ...MODEL, variant: "high" };
  const context: Turn["context"] = [
    { ...base, name: "agent-switched", id: "msg_a", at: T0 + 1, agent: "plan", previous: "build" },
    { ...base, name: "model-switched", id: "msg_m", at: T0 + 2, model: variant, previous: null },
    { ...base, name: "location-switched", id: "msg_l", at: T0 + 3, directory: "/home/dev/other", previous: null },
  ];
  const rest: Turn["rest"] = [
    { ...base, name: "skill", id: "msg_s", at: T0 + 95, skill: "release" },
    { ...base, name: "system", id: "msg_y", at: T0 + 96, description: "AGENTS.md changed" },
    answerAt(100, 300),
  ];
  const trace = traceOf(turnOf(50, rest, { context }));
  const events = trace.loop.steps[0]?.events ?? [];
  expect(events.map((event) => [event.name, eventText(event)])).toEqual([
    ["agent-switched", "build → plan"],
    ["model-switched", "scripted/m1#high"],
    ["location-switched", "/home/dev/other"],
    ["skill", "release"],
    ["system", "the instructions changed · AGENTS.md changed"],
  ]);
  expect(describeTrace(trace).map(({ name }) => name)).toEqual(
    expect.arrayContaining(["agent-switched", "model-switched", "location-switched", "skill", "system"]),
  );
});

describe("a compaction that is told of as a whole", () => {
  test("is an event with what it took, before the step that goes on", () => {
    const rest = [answerAt(100, 300), compactionAt(310, 410), answerAt(420, 500)];
    const trace = traceOf(turnOf(0, rest, { end: endAt(510, "succeeded") }));
    const event = onlyOne(eventsIn(trace.loop));
    expect(event.attributes).toEqual({
      ...{ auto: true, overflow: false, outcome: "completed", durationMs: 100 },
      ...{ model: "scripted/m1", tokens: 5_012, cost: 0.25 },
    });
    expect(eventText(event)).toBe("automatic: the context was nearly full · 5,012 tokens · 100ms");
    expect(trace.loop.steps.map(({ events }) => events.length)).toEqual([0, 1]);
    // The loop waits for it.
    expect(trace.loop.account.model).toBe(195 + 75 + 100);
  });

  test("makes the context smaller by what was summed up", () => {
    const smaller = callAt(420, 495, { recorded: recorded({ ...USED, input: 30 }) });
    const rest = [answerAt(100, 300), compactionAt(310, 410), answerAt(420, 500, { call: smaller })];
    const { steps } = traceOf(turnOf(0, rest)).loop;
    expect(at(steps, 1).call?.contextCauses.map(({ kind }) => kind)).toContain("compacted");
  });

  test("stands at the end of the last step where none comes after it, else in a note", () => {
    const behind = traceOf(turnOf(0, [answerAt(100, 300), compactionAt(310, 410)], { end: endAt(420, "succeeded") }));
    expect(eventsIn(behind.loop).map((event) => event.at)).toEqual([T0 + 300]);
    const alone = traceOf(turnOf(0, [compactionAt(10, 60)], { origin: "opencode", end: endAt(70, "succeeded") }));
    expect(alone.loop.notes).toContain(`opencode summed up the conversation at ${new Date(T0 + 10).toISOString()}.`);
    expect(alone.loop).toMatchObject({ outcome: "completed", otherCalls: [{ kind: "compaction" }] });
  });

  test("that failed is a warning which says why", () => {
    const error = { name: "compaction.failed", data: { message: "The summary was empty." } };
    const failed = compactionAt(310, 410, { outcome: "failed", error, spent: null, model: null });
    const trace = traceOf(turnOf(0, [answerAt(100, 300), failed, answerAt(420, 500)]));
    const span = describeTrace(trace).find(({ name }) => name === "compaction");
    expect(span?.attributes).toMatchObject({
      "langfuse.observation.level": "WARNING",
      "langfuse.observation.status_message": "the conversation could not be summed up: The summary was empty.",
    });
    expect(trace.loop.otherCalls).toBeUndefined();
  });
});
