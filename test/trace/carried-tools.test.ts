import { expect, test } from "vitest";
import type { Tool } from "../../src/trace/model.js";
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

const bare = onlyOne(traceSession(treeOf(exportOf(MESSAGES)), { wire: wireOf([exchange(60, 150)]) }));

function toolsWith(carried: readonly Pick<WireTool, "tool" | "start" | "traceparent">[]): readonly Tool[] {
  const tools = carried.map((one) => ({ ...one, start: T0 + one.start, sessionId: SESSION, callId: "", end: null }));
  const wire = wireOf([exchange(60, 150)], { tools });
  return onlyOne(traceSession(treeOf(exportOf(MESSAGES)), { wire })).loop.steps.flatMap((step) => step.tools);
}

const parent = (spanId: string, trace = bare.traceId): string => `00-${trace}-${spanId}-01`;
const [first, second] = ["00f067aa0ba902b7", "00f067aa0ba902b8"];
const OWN = bare.loop.steps.flatMap(({ tools }) => tools.map(({ spanId }) => spanId));

test("a tool is the span that the call of its server carried, each call's its own; all else of it stays", () => {
  const tools = toolsWith([
    { tool: "look-up", start: 210, traceparent: parent(first) },
    { tool: "look-up", start: 320, traceparent: parent(second) },
  ]);
  expect(tools.map(({ spanId }) => spanId)).toEqual([first, second, OWN[2]]);
  const strip = ({ spanId: _id, ...rest }: Tool) => rest;
  expect(tools.map(strip)).toEqual(bare.loop.steps.flatMap((step) => step.tools.map(strip)));
});

test.each([
  ["of another trace", { tool: "look-up", start: 210, traceparent: parent(first, "1".repeat(32)) }],
  ["of another tool", { tool: "comment", start: 210, traceparent: parent(first) }],
  ["of another time", { tool: "look-up", start: 90_000, traceparent: parent(first) }],
  ["that carried none", { tool: "look-up", start: 210 }],
])("a call %s changes nothing", (_, carried) => {
  expect(toolsWith([carried]).map(({ spanId }) => spanId)).toEqual(OWN);
});
