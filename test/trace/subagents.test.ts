import { describe, expect, test } from "vitest";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, loadFixture, onlyOne, traceOf } from "../support/fixtures.js";
import {
  answer,
  assistant,
  exportOf,
  type Json,
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

describe("a subagent whose session is not in the input", () => {
  const fixture = loadFixture("parallel-subagents@1.18.33");

  test("is said where it should stand, and counted in what the totals lack", () => {
    const { loop } = onlyOne(traceSession({ session: fixture.session, children: [] }));
    const tasks = toolsIn(loop).filter(({ name }) => name === "task");
    expect(
      tasks.map(({ subagentMissing, notes, childSessionId }) => ({ subagentMissing, notes, childSessionId })),
    ).toEqual(
      fixture.subagents.map(({ info: { id } }) => ({
        subagentMissing: true,
        notes: [`Not in the input: subagent ${id}; its steps, tokens and cost are missing.`],
        childSessionId: id,
      })),
    );
    expect(loop.totals.missingSubagents).toBe(2);
    expect(loop.totalsWithSubagents).toEqual(loop.totals);
  });

  test("is missing for the ones above it too, and the one that is there is not", () => {
    const [first] = fixture.tree.children;
    if (!first) throw new Error("the fixture has no subagents");
    const { loop } = onlyOne(traceSession({ session: fixture.session, children: [first] }));
    expect(loop.totalsWithSubagents.missingSubagents).toBe(1);
    const whole = onlyOne(traceSession(fixture.tree)).loop;
    expect(whole.totalsWithSubagents.missingSubagents).toBe(0);
    expect(
      toolsIn(whole).filter(({ subagentMissing, notes }) => subagentMissing || notes.length > 0),
    ).toEqual([]);

    const nested = exportOf(
      [
        user(20, "Ask another."),
        assistant(30, 90, [
          stepStart(31),
          task(35, 80, { metadata: { sessionId: "ses_gone" } }),
          stepFinish(85),
        ]),
      ],
      { id: "ses_a", parentID: SESSION },
    );
    const parent = parentOf(task(10, 95, { metadata: { sessionId: "ses_a" } }));
    const above = onlyOne(traceSession(treeOf(parent, nested))).loop;
    expect(above.totals.missingSubagents).toBe(0);
    expect(above.totalsWithSubagents.missingSubagents).toBe(1);
  });

  const task = (from: number, to: number | null, state: Json) =>
    tool(from, from + 1, to, { tool: "task", state });
  const parentOf = (...tasks: readonly Json[]) =>
    exportOf([user(0, "Go."), assistant(5, 100, [stepStart(6), ...tasks, stepFinish(99)])]);
  const missing = (...tasks: readonly Json[]): readonly boolean[] =>
    toolsIn(onlyOne(traceSession(treeOf(parentOf(...tasks)))).loop).map((one) => one.subagentMissing);

  test.each<[string, boolean, Json]>([
    ["that answered", true, task(10, 90, { metadata: { sessionId: "ses_x" } })],
    ["that failed", true, task(10, 90, { status: "error", error: "no", metadata: { sessionId: "ses_x" } })],
    ["that was at work when opencode was killed", true, task(10, null, { metadata: { sessionId: "ses_x" } })],
    ["whose link was sanitised away", true, task(10, 90, { metadata: { redacted: "tool-metadata:prt_1" } })],
    [
      "that never started: unknown agent",
      false,
      task(10, 90, { status: "error", error: "Unknown agent type" }),
    ],
    ["that had not started when opencode was killed", false, task(10, null, {})],
    [
      "that opencode was just about to start",
      false,
      { ...task(10, null, {}), state: { status: "pending", input: {}, raw: "" } },
    ],
    ["that is no subagent at all", false, tool(10, 11, 90, { state: { metadata: { sessionId: "ses_x" } } })],
  ])("a task %s: %s", (_, expected, part) => {
    expect(missing(part)).toEqual([expected]);
  });

  test("a session that two tools continued is one session", () => {
    const link = { metadata: { sessionId: "ses_x" } };
    const { loop } = onlyOne(traceSession(treeOf(parentOf(task(10, 40, link), task(50, 90, link)))));
    expect(toolsIn(loop).map(({ subagentMissing }) => subagentMissing)).toEqual([true, true]);
    expect(loop.totals.missingSubagents).toBe(1);
  });

  test("a session that is there but was never prompted is not missing", () => {
    const parent = parentOf(task(10, 90, { metadata: { sessionId: "ses_empty" } }));
    const empty = exportOf([], { id: "ses_empty", parentID: SESSION });
    const { loop } = onlyOne(traceSession(treeOf(parent, empty)));
    expect(loop.totals.missingSubagents).toBe(0);
  });
});
