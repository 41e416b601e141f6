import { describe, expect, test } from "vitest";
import type { RunEvidence } from "../../src/opencode/evidence.js";
import type { PermissionWait } from "../../src/opencode/schema/event-facts.js";
import { openSpanIds } from "../../src/trace/open-spans.js";
import { spanIdOf } from "../../src/trace/span-id.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, onlyOne } from "../support/fixtures.js";
import { asked, followed } from "./make-evidence.js";
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
} from "./make-session.js";
import { eventsIn } from "./walk-trace.js";

/** Two steps: a tool from 120 to 1,900, then the answer. */
function session(...more: Parameters<typeof assistant>[2]) {
  const first = assistant(
    50,
    2_000,
    [stepStart(60), text(65, 90, "I run it."), tool(100, 120, 1_900), ...more, stepFinish(1_990)],
    { finish: "tool-calls", id: "msg_first" },
  );
  return treeOf(exportOf([user(0, "Go."), first, answer(2_010, 2_500)]));
}

function loopWith(tree: ReturnType<typeof session>, ...permissions: readonly PermissionWait[]) {
  return onlyOne(traceSession(tree, { runs: [followed({ permissions: [...permissions] })] })).loop;
}

describe("a permission that was asked for", () => {
  test("is an event of the step with its tool, which knows how long it waited", () => {
    const loop = loopWith(session(), asked(200, 1_200, { callId: "call_100", patterns: ["npm test", "npm test *"] }));
    expect(loop.steps.map(({ events }) => events)).toEqual([
      [
        {
          spanId: spanIdOf("event", SESSION, "msg_first/permission/0"),
          name: "permission",
          at: T0 + 200,
          attributes: {
            permission: "bash",
            patterns: ["npm test", "npm test *"],
            answer: "once",
            by: "other",
            waitedMs: 1_000,
            askedAt: T0 + 200,
            callId: "call_100",
          },
        },
      ],
      [],
    ]);
    const step = at(loop.steps, 0);
    expect(onlyOne(step.tools)).toMatchObject({ start: T0 + 120, end: T0 + 1_900, permissionWaitMs: 1_000 });
    expect(step.account).toMatchObject({ tools: 780, waiting: 1_000, toolsSummed: 780 });
    expect(loop.account).toMatchObject({ tools: 780, waiting: 1_000, toolsSummed: 780 });
  });

  test("is nowhere without events: the tool's time is all there is", () => {
    const { loop } = onlyOne(traceSession(session()));
    expect(eventsIn(loop)).toEqual([]);
    expect(onlyOne(at(loop.steps, 0).tools).permissionWaitMs).toBeNull();
    expect(loop.account).toMatchObject({ tools: 1_780, waiting: 0 });
  });

  test("several of one tool: each its own event, overlaps count once", () => {
    const loop = loopWith(
      session(),
      asked(600, 900, { callId: "call_100", permission: "bash" }),
      asked(200, 700, { callId: "call_100", permission: "external_directory" }),
      asked(200, 700, { callId: "call_100", permission: "external_directory" }),
    );
    const { events, tools } = at(loop.steps, 0);
    expect(events.map(({ attributes }) => attributes.permission)).toEqual(["external_directory", "bash"]);
    expect(new Set(events.map(({ spanId }) => spanId)).size).toBe(2);
    expect(onlyOne(tools).permissionWaitMs).toBe(700);
  });

  test("while another tool is at work the time is that one's", () => {
    const loop = loopWith(session(tool(110, 500, 1_000)), asked(200, 1_200, { callId: "call_100" }));
    const { account, tools } = at(loop.steps, 0);
    expect(tools.map(({ permissionWaitMs }) => permissionWaitMs)).toEqual([1_000, null]);
    // The model counts until the last tool had its arguments.
    expect(account).toMatchObject({ model: 450, tools: 1_200, waiting: 200, toolsSummed: 780 + 500 });
  });

  test("without a tool's id it belongs to the step of that time, also between tools", () => {
    const loop = loopWith(
      session(),
      asked(1_950, 1_980, { permission: "doom_loop" }),
      asked(2_005, 2_008),
      asked(2_200, 2_300, { callId: "call_nowhere" }),
    );
    expect(loop.steps.map(({ events }) => events.map(({ at: moment }) => moment - T0))).toEqual([
      [1_950, 2_000],
      [2_200],
    ]);
    expect(at(loop.steps, 0).events[1]?.attributes.askedAt).toBe(T0 + 2_005);
    expect(onlyOne(at(loop.steps, 0).tools).permissionWaitMs).toBeNull();
    expect(at(loop.steps, 0).account.waiting).toBe(30);
  });

  test("of calls with the same id in two steps it belongs to the one of that time", () => {
    const call = (from: number) => tool(from, from, from + 500, { callID: "call_0" });
    const steps = [50, 1_000].map((from) =>
      assistant(from, from + 800, [stepStart(from + 5), call(from + 50), stepFinish(from + 790)], {
        finish: "tool-calls",
      }),
    );
    const tree = treeOf(exportOf([user(0, "Go."), ...steps, answer(2_010, 2_500)]));
    const loop = loopWith(tree, asked(120, 220, { callId: "call_0" }), asked(1_100, 1_300, { callId: "call_0" }));
    expect(loop.steps.map(({ tools }) => tools.map(({ permissionWaitMs }) => permissionWaitMs))).toEqual([
      [100],
      [200],
      [],
    ]);
  });

  test("that was never answered was waited for until the turn had ended", () => {
    const cut = assistant(50, null, [stepStart(60), tool(100, 120, null)]);
    const tree = treeOf(exportOf([user(0, "Go."), cut]));
    const run = followed({
      permissions: [asked(200, null, { callId: "call_100" })],
      endedAt: T0 + 5_000,
      exit: { kind: "served", asked: "deadline" },
    });
    const trace = onlyOne(traceSession(tree, { runs: [run] }));
    const step = onlyOne(trace.loop.steps);
    expect(onlyOne(step.events).attributes).toEqual({
      permission: "bash",
      patterns: ["npm test"],
      answer: "none",
      waitedMs: 4_800,
      askedAt: T0 + 200,
      callId: "call_100",
    });
    expect(onlyOne(step.tools)).toMatchObject({ end: T0 + 5_000, permissionWaitMs: 4_800 });
    expect(step.account).toMatchObject({ tools: 80, waiting: 4_800 });
  });

  test("that is still open is not sent yet, unless the turn is known to be over", () => {
    const cut = assistant(2_010, null, [stepStart(2_020), tool(2_100, 2_120, null)]);
    const messages = session().session.messages.slice(0, 2);
    const tree = {
      session: { ...session().session, messages: [...messages, ...treeOf(exportOf([cut])).session.messages] },
      children: [],
    };
    const permissions = [asked(200, null, { callId: "call_100" }), asked(300, 400, { callId: "call_100" })];
    const traceWith = (more: Partial<RunEvidence>) =>
      onlyOne(traceSession(tree, { runs: [followed({ permissions, ...more })] }));
    const open = traceWith({});
    const [unanswered, answered] = at(open.loop.steps, 0).events;
    expect(openSpanIds(open).has(unanswered?.spanId ?? "")).toBe(true);
    expect(openSpanIds(open).has(answered?.spanId ?? "")).toBe(false);
    expect(openSpanIds(traceWith({ id: "run_1" }))).toEqual(new Set());
  });

  test("told by two runs, the one that heard the answer counts", () => {
    const runs = [
      followed({ permissions: [asked(200, 1_200, { callId: "call_100" })] }),
      followed({ permissions: [asked(200, null, { callId: "call_100", answer: null })] }),
    ];
    for (const both of [runs, runs.toReversed()]) {
      const { loop } = onlyOne(traceSession(session(), { runs: both }));
      expect(onlyOne(eventsIn(loop)).attributes).toMatchObject({ answer: "once", waitedMs: 1_000 });
    }
  });
});

describe("a subagent's permission", () => {
  const task = tool(60, 70, 8_000, { tool: "task", state: { metadata: { sessionId: "ses_below" } } });
  const tree = (...beside: Parameters<typeof assistant>[2]) =>
    treeOf(
      exportOf([
        user(0, "Go."),
        assistant(50, 8_010, [stepStart(55), task, ...beside, stepFinish(8_005)], { finish: "tool-calls" }),
        answer(8_020, 8_500),
      ]),
      exportOf(
        [
          user(100, "Look."),
          assistant(110, 7_000, [stepStart(120), tool(200, 210, 6_900), stepFinish(6_990)], {
            finish: "tool-calls",
          }),
          answer(7_010, 7_900),
        ],
        { id: "ses_below", parentID: SESSION, time: { created: T0 + 90 } },
      ),
    );
  const permission = asked(1_000, 6_000, { sessionId: "ses_below", callId: "call_200" });

  test("stands in its own loop, and what was only waited for is no work of the tool around it either", () => {
    const loop = loopWith(tree(), permission);
    const outer = at(loop.steps, 0);
    const below = onlyOne(onlyOne(outer.tools).loops);
    expect(outer.events).toEqual([]);
    expect(onlyOne(at(below.steps, 0).events).attributes).toMatchObject({ waitedMs: 5_000 });
    expect(onlyOne(at(below.steps, 0).tools).permissionWaitMs).toBe(5_000);
    expect(onlyOne(outer.tools).permissionWaitMs).toBeNull();
    expect(below.account).toMatchObject({ waiting: 5_000 });
    expect(outer.account).toMatchObject({ tools: 7_930 - 5_000, waiting: 5_000 });
    expect(loop.account).toMatchObject({ tools: 7_930 - 5_000, waiting: 5_000 });
  });

  test("beside another tool at work costs no time of its own", () => {
    const loop = loopWith(tree(tool(65, 70, 7_000)), permission);
    expect(at(loop.steps, 0).account).toMatchObject({ tools: 7_930, waiting: 0 });
  });
});
