import { expect, test } from "vitest";
import type { PermissionWait } from "../../src/opencode/schema/event-facts.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { onlyOne } from "../support/fixtures.js";
import { asked, followed } from "../trace/make-evidence.js";
import { answer, assistant, exportOf, stepFinish, stepStart, T0, tool, treeOf, user } from "../trace/make-session.js";
import { jsonOf, metadataOf, named, onTheWire, textOf } from "./wire.js";

const LEVEL = "langfuse.observation.level";

function traceWith(...permissions: readonly PermissionWait[]) {
  const first = assistant(50, 2_000, [stepStart(60), tool(100, 120, 1_900), stepFinish(1_990)], {
    finish: "tool-calls",
  });
  const tree = treeOf(exportOf([user(0, "Go."), first, answer(2_010, 2_500)]));
  return onlyOne(traceSession(tree, { runs: [followed({ permissions: [...permissions] })] }));
}

const patterns = ["cat private/plan-of-action.txt"];

test("a permission is an event with what was asked for, the answer, and how long it took", () => {
  const { spans } = onTheWire(traceWith(asked(200, 1_200, { callId: "call_100", patterns, by: "policy" })));
  const event = named(spans, "permission");
  expect(event.attributes).toMatchObject({ "langfuse.observation.type": "event", [LEVEL]: "DEFAULT" });
  expect(event.attributes).not.toHaveProperty(["langfuse.observation.status_message"]);
  expect(event.parentSpanId).toBe(named(spans, "loop.step-0").spanId);
  expect(metadataOf(event)).toEqual({
    permission: "bash",
    patterns: JSON.stringify(patterns),
    answer: "once",
    by: "policy",
    waitedMs: "1000",
    askedAt: new Date(T0 + 200).toISOString(),
    callId: "call_100",
  });
  expect(metadataOf(named(spans, "tool.bash"))).toMatchObject({ permissionWaitMs: "1000" });
  expect(jsonOf(named(spans, "loop.step-0"), "langfuse.observation.metadata.timeAccountMs")).toMatchObject({
    tools: 780,
    waiting: 1_000,
  });
});

test("one that was rejected is a WARNING that says by whom", () => {
  const permission = (by: "policy" | "other") =>
    named(onTheWire(traceWith(asked(200, 210, { callId: "call_100", answer: "reject", by }))).spans, "permission");
  expect(permission("policy").attributes[LEVEL]).toBe("WARNING");
  expect(textOf(permission("policy"), "langfuse.observation.status_message")).toBe(
    "the permission for bash was rejected by policy",
  );
  expect(textOf(permission("other"), "langfuse.observation.status_message")).toBe(
    "the permission for bash was rejected",
  );
});

test("one that nobody answered says so", () => {
  const event = named(onTheWire(traceWith(asked(200, null))).spans, "permission");
  expect(event.attributes[LEVEL]).toBe("DEFAULT");
  expect(textOf(event, "langfuse.observation.status_message")).toBe("nobody had answered when the turn ended");
  expect(metadataOf(event)).toMatchObject({ answer: "none", waitedMs: "9800" });
  expect(metadataOf(event)).not.toHaveProperty("by");
});

test("without content it is known that something was asked, not for what", () => {
  const trace = traceWith(asked(200, 1_200, { callId: "call_100", patterns, answer: "reject" }));
  const { spans, bodies } = onTheWire(trace, { content: false });
  expect(bodies.join("")).not.toContain("plan-of-action");
  expect(metadataOf(named(spans, "permission"))).toEqual({
    permission: "bash",
    answer: "reject",
    by: "other",
    waitedMs: "1000",
    askedAt: new Date(T0 + 200).toISOString(),
    callId: "call_100",
  });
});

test("a tool that asked for nothing says nothing of it", () => {
  expect(metadataOf(named(onTheWire(traceWith()).spans, "tool.bash"))).not.toHaveProperty("permissionWaitMs");
});
