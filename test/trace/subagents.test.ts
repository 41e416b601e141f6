import { describe, expect, test } from "vitest";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, onlyOne, traceOf } from "../support/fixtures.js";
import {
  answer,
  assistant,
  exportOf,
  SESSION,
  stepFinish,
  stepStart,
  T0,
  tool,
  treeOf,
  user,
} from "./make-session.js";
import { loopsIn, toolsIn } from "./walk-trace.js";

const VERSIONS = ["1.18.33", "1.15.13"] as const;

describe.each(VERSIONS)("a subagent (%s)", (version) => {
  const { loop } = traceOf(`subagent@${version}`);
  const task = onlyOne(toolsIn(loop).filter(({ name }) => name === "task"));
  const below = onlyOne(task.loops);

  test("is a loop of its own in the tool that asked for it", () => {
    expect(below).toMatchObject({
      sessionId: task.childSessionId,
      agent: "worker",
      input: [{ role: "user", content: "Count the lines of fruit.txt and say the number." }],
      output: "fruit.txt has 3 lines.",
      outcome: "completed",
      notes: [],
    });
    expect(below.start).toBeGreaterThanOrEqual(task.start);
    expect(below.end).toBeLessThanOrEqual(task.end);
    expect(below.steps.map(({ index, call }) => [index, call?.index])).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  test("counts in the totals with subagents only", () => {
    expect(loop.totals).toMatchObject({ calls: 2, tools: 1 });
    expect(loop.totalsWithSubagents).toMatchObject({ calls: 4, tools: 2 });
    expect(loop.totalsWithSubagents.usage.input).toBe(loop.totals.usage.input + below.totals.usage.input);
    expect(loop.account.toolsSummed).toBeGreaterThanOrEqual(below.account.duration);
  });
});

describe("which tool a subagent belongs to", () => {
  const child = (id: string, at: number, to: number, prompt = "Count.") =>
    exportOf([user(at, prompt), answer(at + 5, to, `${id} is done.`)], {
      id,
      parentID: SESSION,
      time: { created: T0 + at },
    });
  const task = (at: number, to: number | null, sessionId?: string) =>
    tool(at, at + 5, to, { tool: "task", state: { metadata: sessionId === undefined ? {} : { sessionId } } });

  test("without the link it is the one that was at work when its session was made", () => {
    const parent = exportOf([
      user(0, "Go."),
      assistant(10, 900, [stepStart(20), task(30, 400), task(500, 890), stepFinish(895)]),
    ]);
    const { loop } = onlyOne(traceSession(treeOf(parent, child("ses_b", 520, 800), child("ses_a", 50, 300))));
    expect(toolsIn(loop).map(({ loops }) => loops.map(({ sessionId }) => sessionId))).toEqual([
      ["ses_a"],
      ["ses_b"],
    ]);
  });

  test("the turns of a session that two tools continued are dealt out by time", () => {
    const parent = exportOf([
      user(0, "Go."),
      assistant(10, 900, [stepStart(20), task(30, 400, "ses_c"), task(500, 890, "ses_c"), stepFinish(895)]),
    ]);
    const both = exportOf(
      [user(40, "One."), answer(50, 390, "one"), user(510, "Two."), answer(520, 880, "two")],
      { id: "ses_c", parentID: SESSION },
    );
    const { loop } = onlyOne(traceSession(treeOf(parent, both)));
    expect(toolsIn(loop).map(({ loops }) => loops.map(({ output }) => output))).toEqual([["one"], ["two"]]);
  });

  test("one that went on after its tool says so; neither's time is bent", () => {
    const parent = exportOf([
      user(0, "Go."),
      assistant(10, 400, [stepStart(20), task(30, 390, "ses_late"), stepFinish(395)]),
    ]);
    const { loop } = onlyOne(traceSession(treeOf(parent, child("ses_late", 50, 1_200))));
    const tool = onlyOne(toolsIn(loop));
    expect(tool.end).toBe(T0 + 390);
    expect(onlyOne(tool.loops)).toMatchObject({
      end: T0 + 1_200,
      notes: ["The subagent ended 810 ms after the tool that asked for it."],
    });
  });

  test("a tool that never ended lasts as long as its subagent", () => {
    const parent = exportOf([
      user(0, "Go."),
      assistant(10, null, [stepStart(20), task(30, null, "ses_late")]),
    ]);
    const { loop } = onlyOne(traceSession(treeOf(parent, child("ses_late", 50, 1_200))));
    expect(onlyOne(toolsIn(loop))).toMatchObject({ end: T0 + 1_200, outcome: "unfinished" });
    expect(loop.end).toBe(T0 + 1_200);
    expect(at(loopsIn(loop), 1).notes).toEqual([]);
  });
});
