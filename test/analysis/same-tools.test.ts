import { describe, expect, test } from "vitest";
import { firstDivergence } from "../../src/analysis/first-divergence.js";
import { callIn2 } from "../../src/analysis/same-tools.js";
import { diffSessions } from "../../src/analysis/session-diff.js";
import { toolTable } from "../../src/analysis/tool-table.js";
import type { LoopTrace, ToolCall } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, onlyOne, traceOf } from "../support/fixtures.js";
import { loadOpencode2 } from "../support/opencode2-fixtures.js";

const of1 = traceOf("multistep@1.18.33");
const of2 = onlyOne(traceSession(loadOpencode2("multistep").tree));

function rowsOf(traces: readonly LoopTrace[], by: "tool" | "server" = "tool") {
  const table = toolTable({ by, slowest: 0 });
  for (const trace of traces) table.add(trace);
  return table.report().tools.map(({ name, calls }) => [name, calls]);
}

/** The trace with other calls in its first step, and nothing behind it. */
function calling(trace: LoopTrace, toolCalls: readonly ToolCall[]): LoopTrace {
  const step = at(trace.loop.steps, 0);
  const call = step.call && { ...step.call, output: { thinking: null, text: null, toolCalls } };
  return { ...trace, loop: { ...trace.loop, steps: [{ ...step, call }], loops: [] } };
}

describe("where sessions of both generations are compared, a tool that has two names is one", () => {
  test("in the table of tools", () => {
    expect(rowsOf([of1, of2])).toEqual([
      ["bash, shell", 4],
      ["read", 3],
      ["edit", 1],
    ]);
    expect(rowsOf([of1, of2], "server")).toEqual([["opencode", 8]]);
    expect(rowsOf([of1]).map(([name]) => name)).toContain("bash");
    expect(rowsOf([of2]).map(([name]) => name)).toContain("shell");
  });

  test("in the figures of a comparison", () => {
    const input = (trace: LoopTrace) => ({ session: trace.session, traces: [trace] });
    const { tools } = diffSessions(input(of1), input(of2)).sums;
    expect(tools.find(({ tool }) => tool === "bash, shell")?.calls).toMatchObject({ a: 2, b: 2, difference: 0 });
    expect(diffSessions(input(of1), input(of1)).sums.tools.map(({ tool }) => tool)).toContain("bash");
  });

  test("and where two turns part, with what it shows in the words of each", () => {
    const call = (name: string, given: unknown) => ({ id: "c", name, arguments: given });
    const [old, now] = [call("read", { filePath: "a" }), call("read", { path: "a" })];
    expect(firstDivergence(calling(of1, [old]), calling(of2, [now]))).toBeNull();
    expect(firstDivergence(calling(of1, [old]), calling(of1, [now]))).not.toBeNull();
    const parting = firstDivergence(
      calling(of1, [call("bash", { command: "ls" })]),
      calling(of2, [call("shell", { command: "pwd" })]),
    );
    expect(parting?.excerpt).toEqual({ a: 'bash {"command":"ls"}', b: 'shell {"command":"pwd"}' });
  });
});

test.each([
  ["bash", { command: "ls" }, "shell", { command: "ls" }],
  ["task", { subagent_type: "general", prompt: "x" }, "subagent", { agent: "general", prompt: "x" }],
  ["edit", { filePath: "a", oldString: "b" }, "edit", { path: "a", oldString: "b" }],
  ["tiny_echo", { filePath: "a" }, "tiny_echo", { filePath: "a" }],
  ["write", "no object", "write", "no object"],
])("%s %j is %s %j", (name, given, nameIn2, givenIn2) => {
  expect(callIn2({ name, arguments: given })).toEqual({ name: nameIn2, arguments: givenIn2 });
});
