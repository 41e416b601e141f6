/** A turn of two calls, the first of which runs a tool, with their requests as they were recorded. */
import type { LoopTrace } from "../../src/trace/model.js";
import { type TraceWishes, traceSession } from "../../src/trace/trace-session.js";
import { segmentHash } from "../../src/trace/wire-tables.js";
import type { WireEvidence, WireExchange } from "../../src/wire/model.js";
import { onlyOne } from "../support/fixtures.js";
import { answer, assistant, exportOf, stepFinish, stepStart, tool, treeOf, user } from "./make-session.js";
import { exchange, wireOf } from "./make-wire.js";

export const SYSTEM = { role: "system", content: "You are opencode, a coding agent." };
const PROMPT = { role: "user", content: "Go." };
export const TOOLS = ["bash", "jira_search"].map((name) => ({ type: "function", function: { name, parameters: {} } }));

export function bodyOf(told: readonly object[], tools = TOOLS) {
  const text = JSON.stringify({ model: "m1", messages: told, tools });
  return { text, bytes: Buffer.byteLength(text), hash: segmentHash(text) };
}

const first = assistant(50, 900, [stepStart(100), tool(200, 300, 800), stepFinish(890, { reason: "tool-calls" })], {
  finish: "tool-calls",
});
const messages = [user(0, "Go."), first, answer(1_000, 2_000)];
const called = { id: "call_200", type: "function", function: { name: "bash", arguments: '{"command":"true"}' } };
const told = [
  SYSTEM,
  PROMPT,
  { role: "assistant", content: null, tool_calls: [called] },
  { role: "tool", tool_call_id: "call_200", content: "done" },
];
/** Their requests. */
export const two = [
  exchange(57, 890, { body: bodyOf([SYSTEM, PROMPT]) }),
  exchange(1_005, 1_990, { body: bodyOf(told) }),
];

export function traceOf(
  exchanges: readonly WireExchange[],
  more: Partial<WireEvidence> = {},
  wishes: TraceWishes = {},
): LoopTrace {
  const wire = wireOf(exchanges, more);
  return onlyOne(traceSession(treeOf(exportOf(messages)), { wire, mcpServers: ["jira"] }, wishes));
}
