import { describe, expect, test } from "vitest";
import { sessionModel } from "../../src/opencode/model.js";
import type { Loop } from "../../src/trace/model.js";
import { subagentTurns } from "../../src/trace/subagents.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { totalTokens } from "../../src/trace/usage.js";
import { at, loadFixture, onlyOne, traceOf } from "../support/fixtures.js";
import { reportedTrace, reportedTraces } from "../support/reported.js";
import {
  answer,
  assistant,
  exportOf,
  type Json,
  SESSION,
  stepFinish,
  stepStart,
  T0,
  text,
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

  test("is looked for among the tools that were at work, and in what each said once only", () => {
    let read = 0;
    const delegates = [10, 100].map((from) => tool(from, from + 5, from + 80, { tool: "delegate" }));
    const parent = exportOf([user(0, "Go."), assistant(5, 900, [stepStart(6), ...delegates, stepFinish(895)])]);
    const children = Array.from({ length: 20 }, (_, index) => child(`ses_${index}`, 20 + index, 60));
    const tree = treeOf(parent, ...children);
    for (const { parts } of tree.session.messages) {
      for (const part of parts) {
        if (part.type !== "tool" || part.state.status !== "completed") continue;
        const toJSON = (): object => {
          read += 1;
          return {};
        };
        Object.assign(part.state, { metadata: { toJSON } });
      }
    }
    const { byTool } = subagentTurns(sessionModel(tree, {}));
    expect([...byTool.values()].map(({ length }) => length)).toEqual([20]);
    expect(read).toBe(1);
  });

  test("those that no tool started stand by when they began, those of a session that was prompted again too", () => {
    const again = exportOf([user(510, "A."), answer(515, 550, "1"), user(700, "B."), answer(705, 750, "2")], {
      id: "ses_again",
      parentID: SESSION,
      time: { created: T0 + 505 },
    });
    const parent = exportOf([user(0, "Go."), answer(10, 500), user(90_000, "More."), answer(90_010, 90_100)]);
    const [first] = traceSession(treeOf(parent, again, child("ses_b", 600, 650)));
    expect(first?.loop.loops.map(({ start }) => start - T0)).toEqual([510, 600, 700]);
  });

  test("without the link it is the one that was at work when its session was made", () => {
    const parent = exportOf([
      user(0, "Go."),
      assistant(10, 900, [stepStart(20), task(30, 400), task(500, 890), stepFinish(895)]),
    ]);
    const { loop } = onlyOne(traceSession(treeOf(parent, child("ses_b", 520, 800), child("ses_a", 50, 300))));
    expect(toolsIn(loop).map(({ loops }) => loops.map(({ sessionId }) => sessionId))).toEqual([["ses_a"], ["ses_b"]]);
  });

  const childOf = (id: string, at: number, to: number, more: Json = {}, said = "Count.") =>
    exportOf([user(at + 2, said), answer(at + 5, to, `${id} is done.`)], {
      id,
      parentID: SESSION,
      time: { created: T0 + at },
      ...more,
    });
  const plugin = (at: number, to: number | null, state: Json = {}, name = "delegate") =>
    tool(at, at + 5, to, { tool: name, callID: `call_${name}_${at}`, state });
  /** Where each session stands: in which tool, step or turn. */
  const placesOf = (loop: Loop): Record<string, string> => {
    const ids = (where: string, loops: readonly Loop[]) => loops.map(({ sessionId }) => [sessionId, where]);
    return Object.fromEntries([
      ...loop.steps.flatMap((step) => [
        ...step.tools.flatMap((one) => ids(`${one.name} ${one.start - T0}`, one.loops)),
        ...ids(`step ${step.index}`, step.loops),
      ]),
      ...ids("turn", loop.loops),
    ]);
  };
  const parent = exportOf([
    user(0, "Go."),
    assistant(
      10,
      900,
      [
        stepStart(20),
        tool(30, 35, 800, { tool: "read", callID: "call_read" }),
        plugin(40, 400, { input: { prompt: "Name the fruit." } }),
        plugin(50, 500, { input: { description: "Weigh them" } }, "spawn"),
        plugin(60, 600, { metadata: { session: "ses_named" } }, "other"),
        stepFinish(895),
      ],
      { finish: "tool-calls" },
    ),
    assistant(1_000, 1_500, [stepStart(1_010), text(1_020, 1_400, "Done."), stepFinish(1_490)], {
      finish: "stop",
    }),
    user(2_000, "And now?"),
    assistant(2_010, 2_500, [stepStart(2_020), text(2_030, 2_400, "So."), stepFinish(2_490)], {
      finish: "stop",
    }),
  ]);

  test("a plugin's are told apart by who names them, what was asked, the title, and who starts sessions at all", () => {
    const [first] = traceSession(
      treeOf(
        parent,
        childOf("ses_asked", 70, 90, {}, "Name the fruit."),
        childOf("ses_titled", 71, 90, { title: "Weigh them (@worker subagent)" }),
        childOf("ses_named", 72, 90),
        childOf("ses_short", 300, 405),
        childOf("ses_of_read", 700, 750),
      ),
    );
    expect(placesOf(first?.loop ?? expect.fail())).toEqual({
      ses_asked: "delegate 45",
      ses_titled: "spawn 55",
      ses_named: "other 65",
      ses_short: "delegate 45",
      ses_of_read: "read 35",
    });
  });

  test("without a tool at work: the step, between steps and after the last one the turn", () => {
    const traces = traceSession(
      treeOf(
        parent,
        childOf("ses_early", -50, 300),
        childOf("ses_between", 950, 1_200),
        childOf("ses_in_step", 1_100, 1_700),
        childOf("ses_after", 1_600, 2_700),
        childOf("ses_second", 2_100, 2_200),
        childOf("ses_late", 9_000, 9_900),
      ),
    );
    expect(traces.map(({ loop }) => [loop.sessionId, placesOf(loop)])).toEqual([
      [SESSION, { ses_early: "turn", ses_between: "turn", ses_in_step: "step 1", ses_after: "turn" }],
      [SESSION, { ses_second: "step 0", ses_late: "turn" }],
    ]);
    const [first, second] = traces.map(({ loop }) => loop);
    expect(first?.totalsWithSubagents.calls).toBe(6);
    expect(first?.totalsWithSubagents.usage.input).toBe(600);
    expect(second?.totalsWithSubagents.calls).toBe(3);
    const notes = first?.steps[1]?.loops[0]?.notes;
    expect(notes).toEqual(["The subagent ended 200 ms after the step that it was started in."]);
    expect(first?.end).toBe(T0 + 1_500);
  });

  test("a session that a plugin prompts again stands where each of its turns began", () => {
    const again = exportOf(
      [user(70, "One."), answer(75, 300, "one"), user(2_100, "Two."), answer(2_110, 2_300, "two")],
      { id: "ses_again", parentID: SESSION, time: { created: T0 + 66 } },
    );
    const [first, second] = traceSession(treeOf(parent, again));
    expect(placesOf(first?.loop ?? expect.fail())).toEqual({ ses_again: "delegate 45" });
    expect(placesOf(second?.loop ?? expect.fail())).toEqual({ ses_again: "step 0" });
  });

  test("a tool of an earlier turn that never ended starts nothing in a later one", () => {
    const killed = exportOf([
      user(0, "Go."),
      assistant(10, null, [stepStart(20), plugin(30, null)]),
      user(2_000, "And now?"),
      assistant(2_010, 2_500, [stepStart(2_020), text(2_030, 2_400, "So."), stepFinish(2_490)], {
        finish: "stop",
      }),
    ]);
    const traces = traceSession(treeOf(killed, childOf("ses_a", 100, 200), childOf("ses_b", 2_100, 2_200)));
    expect(traces.map(({ loop }) => placesOf(loop))).toEqual([{ ses_a: "delegate 35" }, { ses_b: "step 0" }]);
  });

  test("a task that names another session started no other, and one that lost its link only one", () => {
    const two = exportOf([
      user(0, "Go."),
      assistant(10, 900, [stepStart(20), task(30, 400, "ses_a"), task(40, 500), stepFinish(895)]),
    ]);
    const [trace] = traceSession(
      treeOf(two, childOf("ses_a", 50, 390), childOf("ses_b", 60, 490), childOf("ses_c", 70, 480)),
    );
    expect(placesOf(trace?.loop ?? expect.fail())).toEqual({
      ses_a: "task 35",
      ses_b: "task 45",
      ses_c: "step 0",
    });
  });

  test.each([
    {
      status: "completed",
      output: '<task id="ses_told" state="completed">\n<task_result>4</task_result>',
      metadata: {},
    },
    // A busy opencode loses it where the subagent fails at once.
    { status: "error", error: "Subagent failed (task_id: ses_told): Invalid value for 'messages'" },
  ])("the link of a task may be lost in its metadata and stand in what the model was told: $status", (state) => {
    const told = tool(30, 35, 400, { tool: "task", state: { output: undefined, metadata: undefined, ...state } });
    const own = exportOf([user(0, "Go."), assistant(10, 900, [stepStart(20), told, stepFinish(895)])]);
    // Its clock is off: by time it would belong to nothing.
    const [trace] = traceSession(treeOf(own, childOf("ses_told", 5_000, 5_100)));
    expect(onlyOne(toolsIn(trace?.loop ?? expect.fail()).slice(0, 1)).loops.map(({ sessionId }) => sessionId)).toEqual([
      "ses_told",
    ]);
    const alone = onlyOne(traceSession(treeOf(own))).loop;
    expect(onlyOne(toolsIn(alone))).toMatchObject({ childSessionId: "ses_told", subagentMissing: true });
  });

  test("below one that a plugin started another one counts too", () => {
    const nested = exportOf([user(310, "Deeper."), answer(315, 340, "deep")], {
      id: "ses_deep",
      parentID: "ses_up",
      time: { created: T0 + 305 },
    });
    const [trace] = traceSession(treeOf(parent, childOf("ses_up", 300, 390), nested));
    expect(loopsIn(trace?.loop ?? expect.fail()).map(({ sessionId }) => sessionId)).toEqual([
      SESSION,
      "ses_up",
      "ses_deep",
    ]);
    expect(trace?.loop.totalsWithSubagents.calls).toBe(4);
  });

  test("as people met it: a plugin's tool that started a session, and a task that was aborted", () => {
    const delegated = reportedTrace("plugin-delegate-task").loop;
    expect(totalTokens(delegated.totalsWithSubagents.usage)).toBe(52_730);
    expect(onlyOne(delegated.steps[0]?.tools ?? []).loops).toHaveLength(1);
    const lost = reportedTrace("task-link-lost").loop;
    expect(totalTokens(lost.totalsWithSubagents.usage)).toBe(12_060);
    expect(lost.totalsWithSubagents.missingSubagents).toBe(0);
    const [alone] = reportedTraces(["task-link-lost/aborted-no-link.json"]);
    expect(alone?.loop.totalsWithSubagents.missingSubagents).toBe(1);
    expect(toolsIn(alone?.loop ?? expect.fail()).flatMap(({ notes }) => notes)).toEqual([
      "Not in the input: the subagent's session; if the tool had started one, its steps, tokens and cost are missing.",
    ]);
  });

  test("a task in the background succeeded whatever becomes of its subagent, and so did a plugin's tool", () => {
    const failed = exportOf(
      [user(60, "Count."), assistant(65, 380, [], { error: { name: "UnknownError", data: { message: "no" } } })],
      { id: "ses_a", parentID: SESSION, time: { created: T0 + 55 } },
    );
    const failureOf = (one: Json) =>
      onlyOne(
        toolsIn(
          onlyOne(
            traceSession(
              treeOf(exportOf([user(0, "Go."), assistant(10, 900, [stepStart(20), one, stepFinish(895)])]), failed),
            ),
          ).loop,
        ),
      ).failure;
    expect(failureOf(task(30, 400, "ses_a"))).toMatchObject({ message: "The subagent failed: no" });
    const background = { metadata: { sessionId: "ses_a", background: true } };
    expect(failureOf(tool(30, 35, 100, { tool: "task", state: background }))).toBeNull();
    expect(failureOf(plugin(30, 400))).toBeNull();
  });

  test("a session without a turn has no place for it: it stands alone", () => {
    const traces = traceSession(treeOf(exportOf([]), childOf("ses_a", 50, 300)));
    expect(traces.map(({ loop }) => loop.sessionId)).toEqual(["ses_a"]);
  });

  test("the turns of a session that two tools continued are dealt out by time", () => {
    const parent = exportOf([
      user(0, "Go."),
      assistant(10, 900, [stepStart(20), task(30, 400, "ses_c"), task(500, 890, "ses_c"), stepFinish(895)]),
    ]);
    const both = exportOf([user(40, "One."), answer(50, 390, "one"), user(510, "Two."), answer(520, 880, "two")], {
      id: "ses_c",
      parentID: SESSION,
    });
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
    const parent = exportOf([user(0, "Go."), assistant(10, null, [stepStart(20), task(30, null, "ses_late")])]);
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
    expect(toolsIn(whole).filter(({ subagentMissing, notes }) => subagentMissing || notes.length > 0)).toEqual([]);

    const nested = exportOf(
      [
        user(20, "Ask another."),
        assistant(30, 90, [stepStart(31), task(35, 80, { metadata: { sessionId: "ses_gone" } }), stepFinish(85)]),
      ],
      { id: "ses_a", parentID: SESSION },
    );
    const parent = parentOf(task(10, 95, { metadata: { sessionId: "ses_a" } }));
    const above = onlyOne(traceSession(treeOf(parent, nested))).loop;
    expect(above.totals.missingSubagents).toBe(0);
    expect(above.totalsWithSubagents.missingSubagents).toBe(1);
  });

  const task = (from: number, to: number | null, state: Json) => tool(from, from + 1, to, { tool: "task", state });
  const parentOf = (...tasks: readonly Json[]) =>
    exportOf([user(0, "Go."), assistant(5, 100, [stepStart(6), ...tasks, stepFinish(99)])]);
  const missing = (...tasks: readonly Json[]): readonly boolean[] =>
    toolsIn(onlyOne(traceSession(treeOf(parentOf(...tasks)))).loop).map((one) => one.subagentMissing);

  test.each<[string, boolean, Json]>([
    ["that answered", true, task(10, 90, { metadata: { sessionId: "ses_x" } })],
    ["that failed", true, task(10, 90, { status: "error", error: "no", metadata: { sessionId: "ses_x" } })],
    ["that was at work when opencode was killed", true, task(10, null, { metadata: { sessionId: "ses_x" } })],
    ["whose link was sanitised away", true, task(10, 90, { metadata: { redacted: "tool-metadata:prt_1" } })],
    ["that never started: unknown agent", false, task(10, 90, { status: "error", error: "Unknown agent type" })],
    ["that may have started when opencode was killed", true, task(10, null, {})],
    ["that was broken off", true, task(10, 90, { status: "error", error: "Tool execution aborted" })],
    ["that was refused", false, task(10, 90, { status: "error", error: "The user rejected permission" })],
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
