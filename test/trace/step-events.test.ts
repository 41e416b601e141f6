import { describe, expect, test } from "vitest";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, onlyOne } from "../support/fixtures.js";
import { assistant, exportOf, stepFinish, stepStart, T0, text, tool, treeOf, user } from "./make-session.js";

type Parts = Parameters<typeof assistant>[2];

function stepsOf(...messages: readonly Parts[]) {
  const turns = messages.map((parts, index) =>
    assistant(100 * (index + 1), 100 * (index + 1) + 90, parts, {
      finish: index === messages.length - 1 ? "stop" : "tool-calls",
    }),
  );
  return onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), ...turns])))).loop.steps;
}

function calledWith(at: number, name: string, input: unknown, status = "completed") {
  const state = { status, input, output: "ok", error: "no", time: { start: T0 + at, end: T0 + at + 5 } };
  return tool(at, at, at + 5, { tool: name, state });
}

describe("the plan", () => {
  test("every change of the list of todos, with how far it is", () => {
    const todos = [
      { content: "Look", status: "completed" },
      { content: "Mend it", status: "in_progress" },
      { content: "Test", status: "pending" },
    ];
    const steps = stepsOf([stepStart(105), calledWith(110, "todowrite", { todos }), stepFinish(180)]);
    expect(onlyOne(at(steps, 0).events)).toMatchObject({
      name: "plan",
      at: T0 + 115,
      attributes: { todos: 3, completed: 1, inProgress: 1, pending: 1, cancelled: 0, current: "Mend it" },
    });
  });

  test.each(["/home/dev/plan.md", "/home/dev/.opencode/plans/fix-it.md", "C:\\work\\plan\\a.md"])(
    "a file with a plan: %s",
    (filePath) => {
      const steps = stepsOf([stepStart(105), calledWith(110, "write", { filePath }), stepFinish(180)]);
      expect(onlyOne(at(steps, 0).events)).toMatchObject({ name: "plan", attributes: { file: filePath } });
    },
  );

  test("neither other files, nor calls that failed, nor nonsense", () => {
    const steps = stepsOf([
      stepStart(105),
      calledWith(110, "write", { filePath: "/home/dev/src/planner.ts" }),
      calledWith(120, "read", { filePath: "/home/dev/plan.md" }),
      calledWith(130, "edit", { filePath: "/home/dev/plan.md" }, "error"),
      calledWith(140, "todowrite", { todos: "none" }),
      stepFinish(180),
    ]);
    expect(at(steps, 0).events).toEqual([]);
  });
});

describe("the provider's cache", () => {
  const finish = (at: number, input: number, read: number) =>
    stepFinish(at, {
      tokens: { total: input + read + 10, input, output: 10, reasoning: 0, cache: { read, write: 0 } },
    });
  const step = (at: number, input: number, read: number): Parts => [
    stepStart(at),
    text(at + 1, at + 5, `At ${at}.`),
    finish(at + 6, input, read),
  ];

  test("breaks where less comes from it although the prompt did not get shorter", () => {
    const steps = stepsOf(step(105, 1_000, 0), step(205, 200, 1_000), step(305, 1_100, 200), step(405, 100, 1_300));
    expect(steps.map(({ events }) => events.map(({ name }) => name))).toEqual([[], [], ["cache-break"], []]);
    expect(onlyOne(at(steps, 2).events)).toMatchObject({
      at: at(steps, 2).call?.start,
      attributes: { cachedBefore: 1_000, cachedNow: 200, tokensReadAnew: 800 },
    });
  });

  test("does not where the conversation was summed up", () => {
    const steps = stepsOf(step(105, 1_000, 800), step(205, 300, 100));
    expect(steps.flatMap(({ events }) => events)).toEqual([]);
  });
});

test("the answer's speed: what was written from the first token to the end; none for one that came at once", () => {
  const [slow] = stepsOf([stepStart(105), text(110, 160, "…"), stepFinish(160)]);
  expect(slow?.call?.outputTokensPerSecond).toBe(200);
  const [sudden] = stepsOf([stepStart(105), text(110, 111, "…"), stepFinish(111)]);
  expect(sudden?.call?.outputTokensPerSecond).toBeNull();
});

test("the answer's speed leaves out thinking that the provider kept to itself, and is none where the end is not known", () => {
  const tokens = { total: 150, input: 100, output: 10, reasoning: 40, cache: { read: 0, write: 0 } };
  const [hidden] = stepsOf([stepStart(105), text(110, 160, "…"), stepFinish(160, { tokens })]);
  expect(hidden?.call?.outputTokensPerSecond).toBe(200);
  const thought = { ...text(110, 130, "Hm."), type: "reasoning" };
  const [told] = stepsOf([stepStart(105), thought, text(130, 160, "…"), stepFinish(160, { tokens })]);
  expect(told?.call?.outputTokensPerSecond).toBe(1_000);
  // Before 1.18 nothing tells when the arguments were complete.
  const written = [stepStart(100), text(110, 200, "…"), tool(205, 9_000, 9_050), stepFinish(9_060)];
  const message = assistant(10, 9_100, written);
  const old = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), message], { version: "1.17.19" }))));
  expect(onlyOne(old.loop.steps).call?.outputTokensPerSecond).toBeNull();
});
