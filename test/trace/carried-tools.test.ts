import { describe, expect, test } from "vitest";
import type { LoopTrace, Tool } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import type { WireTool } from "../../src/wire/model.js";
import { onlyOne } from "../support/fixtures.js";
import { assistant, exportOf, SESSION, stepFinish, stepStart, T0, tool, treeOf, user } from "./make-session.js";
import { exchange, wireOf } from "./make-wire.js";

const MESSAGES = [
  user(0, "Go."),
  assistant(50, 2_000, [
    stepStart(100),
    tool(110, 200, 600, { tool: "jira_look-up" }),
    tool(120, 300, 900, { tool: "jira_look-up" }),
    tool(130, 310, 800),
    stepFinish(1_900),
  ]),
];

type Carried = readonly Pick<WireTool, "tool" | "start" | "traceparent">[];

function traced(carried: Carried, messages = MESSAGES): LoopTrace {
  const tools = carried.map((one) => ({ ...one, start: T0 + one.start, sessionId: SESSION, callId: "", end: null }));
  const wire = wireOf([exchange(60, 150)], { tools });
  return onlyOne(traceSession(treeOf(exportOf(messages)), { wire }));
}

const toolsOf = ({ loop }: LoopTrace): readonly Tool[] => loop.steps.flatMap(({ tools }) => tools);
const bare = traced([]);

const parent = (spanId: string, trace = bare.traceId): string => `00-${trace}-${spanId}-01`;
const [first, second] = ["00f067aa0ba902b7", "00f067aa0ba902b8"];
const OWN = toolsOf(bare).map(({ spanId }) => spanId);

test("a tool is the span that the call of its server carried, each call's its own; all else of it stays", () => {
  const carried = [
    { tool: "look-up", start: 210, traceparent: parent(first) },
    { tool: "look-up", start: 320, traceparent: parent(second) },
  ];
  const tools = toolsOf(traced(carried));
  expect(tools.map(({ spanId }) => spanId)).toEqual([first, second, OWN[2]]);
  const strip = ({ spanId: _id, ...rest }: Tool) => rest;
  expect(tools.map(strip)).toEqual(toolsOf(bare).map(strip));
});

test.each([
  ["of another trace", { tool: "look-up", start: 210, traceparent: parent(first, "1".repeat(32)) }],
  ["of another tool", { tool: "comment", start: 210, traceparent: parent(first) }],
  ["of another time", { tool: "look-up", start: 90_000, traceparent: parent(first) }],
  ["that carried none", { tool: "look-up", start: 210 }],
])("a call %s changes nothing", (_, carried) => {
  expect(toolsOf(traced([carried])).map(({ spanId }) => spanId)).toEqual(OWN);
});

describe("of a script's calls (code mode)", () => {
  type Called = string | { readonly tool: string; readonly status: string };
  const script = (start: number, end: number, ...calls: readonly Called[]) => {
    const toolCalls = calls.map((one) => (typeof one === "string" ? { tool: one, status: "completed" } : one));
    return tool(start - 10, start, end, { tool: "execute", state: { metadata: { toolCalls } } });
  };
  const turn = (...tools: readonly ReturnType<typeof tool>[]) => [
    user(0, "Go."),
    assistant(50, 9_000, [stepStart(100), ...tools, stepFinish(8_900)]),
  ];
  const messages = turn(
    script(200, 600, "jira.look-up", "other.look.up", "jira.look-up"),
    script(6_000, 6_300, "jira.look-up"),
    tool(6_200, 6_210, 6_300, { tool: "jira_comment" }),
  );
  const idsWith = (carried: Carried, of = messages) =>
    toolsOf(traced(carried, of)).flatMap((one) => [one, ...one.innerCalls].map(({ spanId }) => spanId));
  const own = idsWith([]);
  const below = (spanId: string, of = messages): string => parent(spanId, traced([], of).traceId);

  test("each is the span that it carried, in the order of the script and at its time", () => {
    const [third, fourth] = ["00f067aa0ba902b9", "00f067aa0ba902ba"];
    const carried = [
      { tool: "look-up", start: 250, traceparent: below(first) },
      { tool: "look.up", start: 300, traceparent: below(second) },
      { tool: "look-up", start: 6_100, traceparent: below(third) },
      { tool: "comment", start: 6_215, traceparent: below(fourth) },
    ];
    const [script, , , uncarried, laterScript] = own;
    const expected = [script, first, second, uncarried, laterScript, third, fourth];
    expect(idsWith(carried)).toEqual(expected);
  });

  test("the script itself is none of them", () => {
    expect(idsWith([{ tool: "execute", start: 250, traceparent: below(first) }])).toEqual(own);
  });

  test("what a tool carried that was called beside a script is no call of the script's", () => {
    const beside = turn(
      script(200, 600, "jira.look-up"),
      tool(290, 300, 350, { tool: "jira_look-up" }),
      script(400, 700, "jira.comment"),
    );
    const [execute, inner, , later, comment] = idsWith([], beside);
    const carried = [{ tool: "look-up", start: 301, traceparent: below(first, beside) }];
    expect(idsWith(carried, beside)).toEqual([execute, inner, first, later, comment]);
  });

  test("of calls alike one that failed carried it last", () => {
    const failing = turn(script(200, 600, { tool: "jira.look-up", status: "error" }, "jira.look-up"));
    const [execute, failed] = idsWith([], failing);
    const carried = [{ tool: "look-up", start: 250, traceparent: below(first, failing) }];
    expect(idsWith(carried, failing)).toEqual([execute, failed, first]);
  });

  test.each([
    ["another server's tool of that name", turn(script(200, 600, "local.look-up", "jira.look-up"))],
    ["another script", turn(script(200, 600, "jira.look-up"), script(220, 610, "jira.look-up"))],
  ])("what %s may have carried as well is nobody's", (_, either) => {
    const carried = [{ tool: "look-up", start: 250, traceparent: below(first, either) }];
    expect(idsWith(carried, either)).toEqual(idsWith([], either));
  });

  test("a tool whose name ends so is another one", () => {
    const either = turn(script(200, 600, "jira.bulk_look-up", "jira.look-up"));
    const [execute, bulk] = idsWith([], either);
    const carried = [{ tool: "look-up", start: 250, traceparent: below(first, either) }];
    expect(idsWith(carried, either)).toEqual([execute, bulk, first]);
  });
});
