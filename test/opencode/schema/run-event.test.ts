import { expect, test } from "vitest";
import { readRunEventJson } from "../../../src/opencode/schema/run-event.js";
import { runEvent } from "../../../src/opencode/schema/run-event-schema.js";

const base = { timestamp: 5, sessionID: "ses_1" };
const own = { id: "prt_1", sessionID: "ses_1", messageID: "msg_1" };
const tokens = { input: 1, output: 2, reasoning: 0, cache: { read: 0, write: -1 } };
const state = { status: "completed", input: {}, output: "a", title: "ls", metadata: {}, time: { start: 1, end: 2 } };
const events = [
  { ...base, type: "step_start", part: null },
  { ...base, type: "text", part: { ...own, type: "text", text: "a", time: { start: 1, end: 2 } } },
  { ...base, type: "reasoning", part: { ...own, type: "reasoning", text: "a", time: { start: 1 } } },
  { ...base, type: "tool_use", part: { ...own, type: "tool", tool: "bash", callID: "c", state } },
  { ...base, type: "step_finish", part: { ...own, type: "step-finish", reason: "stop", cost: -1, tokens } },
];

test.each(events)("an event that is told by hand is what its schema makes of it: $type", (event) => {
  expect(readRunEventJson(event)).toStrictEqual(runEvent.parse(event));
});

test.each([
  { ...base, type: "error", error: { name: "x" } },
  { ...base, type: "text", part: { ...own, type: "reasoning", text: "a", time: { start: 1 } } },
  { ...base, type: "tool_use", part: { ...own, type: "tool", tool: "bash", callID: "c", state: { status: "odd" } } },
  { ...base, type: "elsewhere" },
  { ...base, timestamp: Number.POSITIVE_INFINITY, type: "step_start" },
  { ...base, sessionID: 5, type: "step_start" },
])("another one is left to the schema: $type", (event) => {
  expect(readRunEventJson(event)).toEqual(runEvent.safeParse(event).data);
});
