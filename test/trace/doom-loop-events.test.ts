import { describe, expect, test } from "vitest";
import { checkSession } from "../../src/analysis/check-session.js";
import { eventText } from "../../src/analysis/row-texts.js";
import { describeTrace } from "../../src/otel/describe-trace.js";
import { doomLoopName, doomLoopText } from "../../src/trace/doom-loop-text.js";
import type { StepEvent } from "../../src/trace/model.js";
import { openSpanIds } from "../../src/trace/open-spans.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { onlyOne } from "../support/fixtures.js";
import { reportedTrace } from "../support/reported.js";
import {
  answer,
  assistant,
  exportOf,
  type Json,
  mint,
  type RawMessage,
  stepFinish,
  stepStart,
  text,
  tool,
  treeOf,
  user,
} from "./make-session.js";

const asked = user(0, "Go.");
/** A step of the loop that answers without a tool. */
const says = (index: number, said: string, finish = "unknown", more: Json = {}): RawMessage => {
  const from = 100 + index * 1_000;
  const parts = [
    stepStart(from + 10),
    ...(said === "" ? [] : [text(from + 20, from + 90, said)]),
    stepFinish(from + 100, { reason: finish }),
  ];
  return assistant(from, from + 110, parts, { finish, parentID: asked.info.id, ...more });
};
const calls = (index: number, command: string, output = "same"): RawMessage => {
  const from = 100 + index * 1_000;
  const ran = tool(from + 20, from + 30, from + 80, { state: { input: { command }, output } });
  const more = { finish: "tool-calls", parentID: asked.info.id };
  return assistant(from, from + 110, [stepStart(from + 10), ran, stepFinish(from + 100)], more);
};
const tooLarge = (index: number): RawMessage =>
  assistant(100 + index * 1_000, 150 + index * 1_000, [], { parentID: asked.info.id });
/** What opencode puts behind an answer, such as what a subagent in the background came to. */
const news = (index: number): RawMessage => {
  const at = 300 + index * 1_000;
  return user(at, [{ type: "text", id: mint("prt", at), text: `Task ${index} is done.`, synthetic: true }]);
};
/** A compaction: opencode's request, the summary, and what it tells the model then. */
const sumsUp = (index: number, overflow = false): readonly RawMessage[] => {
  const from = 300 + index * 1_000;
  const request = user(from, [{ type: "compaction", id: mint("prt", from), auto: true, overflow }]);
  const summary = { summary: true, mode: "compaction", parentID: request.info.id };
  const goOn = [{ type: "text", id: mint("prt", from + 300), text: "Continue.", synthetic: true }];
  return [request, answer(from + 10, from + 200, "So far.", summary), user(from + 300, goOn)];
};

function loopOf(...messages: readonly RawMessage[]) {
  return onlyOne(traceSession(treeOf(exportOf([asked, ...messages]))));
}

function eventsOf(...messages: readonly RawMessage[]): readonly StepEvent[] {
  return loopOf(...messages).loop.steps.flatMap(({ events }) => events.filter(({ name }) => name === "doom-loop"));
}

describe("a loop that gets nowhere without a tool", () => {
  test("was recorded: six empty answers, after each of which opencode asked again", () => {
    const trace = reportedTrace("unknown-storm");
    const { loop, session } = trace;
    const events = loop.steps.map(({ events: own }) => own.map(({ name, attributes }) => [name, attributes]));
    expect(events).toEqual([
      [],
      [],
      [["doom-loop", { answer: "", finish: "unknown", count: 6 }]],
      ...Array.from({ length: 4 }, () => []),
    ]);
    expect(loop).toMatchObject({ outcome: "completed", error: null, output: "Hello." });
    const check = checkSession(session, [trace], [{ kind: "doom-loops", limit: 0 }]);
    expect(onlyOne(check.results)).toMatchObject({
      status: "fail",
      value: 1,
      note: "an empty answer 6 times",
    });
  });

  test.each([
    ["the same text", [says(0, "Hm."), says(1, "Hm."), says(2, "Hm.")], { answer: "Hm.", finish: "unknown", count: 3 }],
    [
      "tool-calls without any",
      [says(0, "I will.", "tool-calls"), says(1, "I will.", "tool-calls"), says(2, "I will.", "tool-calls")],
      { answer: "I will.", finish: "tool-calls", count: 3 },
    ],
    [
      "the same text, whatever its finish and the space around it",
      [says(0, "Hm.", "other"), says(1, "Hm. "), says(2, "Hm.", "other")],
      { answer: "Hm.", finish: "other", count: 3 },
    ],
    [
      "empty answers of any finish",
      [says(0, "", "other"), says(1, ""), says(2, "", "tool-calls"), says(3, "")],
      { answer: "", finish: "unknown", count: 4 },
    ],
    [
      "empty answers around the same call",
      [calls(0, "a"), says(1, ""), calls(2, "a"), says(3, ""), says(4, "")],
      { answer: "", finish: "unknown", count: 3 },
    ],
    [
      "answers that end a loop, and after which it goes on without anything new",
      [says(0, "Hello.", "stop"), says(1, "Hello.", "stop"), says(2, "Hello.", "stop"), says(3, "Hi.", "stop")],
      { answer: "Hello.", finish: "stop", count: 3 },
    ],
    [
      "answers that were cut off, again and again",
      [says(0, "", "length"), says(1, "", "length"), says(2, "", "length"), says(3, "Hi.", "stop")],
      { answer: "", finish: "length", count: 3 },
    ],
    [
      "an answer after each compaction",
      [0, 1, 2].flatMap((index) => [says(index, "Done.", "stop"), ...sumsUp(index)]),
      { answer: "Done.", finish: "stop", count: 3 },
    ],
  ])("is an event: %s", (_, messages, attributes) => {
    expect(eventsOf(...messages).map((event) => event.attributes)).toEqual([attributes]);
  });

  test("is an event too where the request stays too large, round after round", () => {
    const rounds = [0, 1, 2, 3].flatMap((index) => [tooLarge(index), ...sumsUp(index, true)]);
    const [event, ...none] = eventsOf(...rounds);
    expect(none).toEqual([]);
    expect(event?.attributes).toEqual({ count: 4, lastError: expect.stringContaining("context") });
    const gotOver = [
      tooLarge(0),
      ...sumsUp(0, true),
      calls(1, "a"),
      tooLarge(2),
      ...sumsUp(2, true),
      calls(3, "b"),
      tooLarge(4),
    ];
    expect(eventsOf(...gotOver)).toEqual([]);
  });

  test.each([
    ["other texts", [says(0, "One"), says(1, "Two"), says(2, "Three")]],
    ["a call that is new between them", [says(0, ""), says(1, ""), calls(2, "a"), says(3, "")]],
    [
      "a tool that is asked until it is done",
      [calls(0, "a", "1"), says(1, ""), calls(2, "a", "2"), says(3, ""), calls(4, "a", "3"), says(5, "")],
    ],
    ["an answer that ends it", [says(0, ""), says(1, ""), says(2, "", "stop")]],
    ["something new to answer each time", [0, 1, 2, 3].flatMap((index) => [says(index, "", "stop"), news(index)])],
  ])("is none with %s", (_, messages) => {
    expect(eventsOf(...messages)).toEqual([]);
  });

  test("is none of the same short answers in turns of their own", () => {
    const turns = [0, 1, 2].flatMap((index) => {
      const prompt = user(index * 5_000, "Say yes.");
      return [prompt, answer(index * 5_000 + 10, index * 5_000 + 200, "Yes.", { parentID: prompt.info.id })];
    });
    const traces = traceSession(treeOf(exportOf(turns)));
    expect(traces.flatMap(({ loop }) => loop.steps.flatMap(({ events }) => events))).toEqual([]);
  });

  test("may still go on: its event is not sent before the turn is over", () => {
    const trace = loopOf(
      says(0, ""),
      says(1, ""),
      says(2, ""),
      assistant(3_100, null, [], { parentID: asked.info.id }),
    );
    const event = onlyOne(trace.loop.steps.flatMap(({ events }) => events));
    expect(openSpanIds(trace).has(event.spanId)).toBe(true);
    const span = onlyOne(describeTrace(trace, {}).filter(({ name }) => name === "doom-loop"));
    expect(span.attributes["langfuse.observation.level"]).toBe("WARNING");
    expect(span.attributes["langfuse.observation.status_message"]).toBe(
      "the model gave an empty answer 3 times, without a tool (finish unknown)",
    );
  });

  test("is told in words that assume no tool", () => {
    const [said] = eventsOf(says(0, "Hm."), says(1, "Hm."), says(2, "Hm."));
    expect(said && eventText(said)).toBe(
      "the model gave the same answer 3 times, without a tool (finish unknown): Hm.",
    );
    const large = { count: 9, lastError: "too long" };
    expect([doomLoopText(large), doomLoopName(large)]).toEqual([
      "the request was too large for the model's context 9 times, each time after compacting",
      "a request too large 9 times",
    ]);
    expect(doomLoopName({ tool: "read", count: 5, arguments: "{}" })).toBe("read 5 times");
  });
});
