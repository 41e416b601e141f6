import { describe, expect, test } from "vitest";
import type { LoopTrace, Tool } from "../../../src/trace/model.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import { at, onlyOne } from "../../support/fixtures.js";
import { reportedTraces } from "../../support/reported.js";
import { expectSound } from "../../trace/invariants.js";
import {
  answer,
  assistant,
  exportOf,
  type Json,
  stepFinish,
  stepStart,
  T0,
  text,
  tool,
  treeOf,
  user,
} from "../../trace/make-session.js";
import { callsIn, toolsIn } from "../../trace/walk-trace.js";

const TOLD = "Model tried to call unavailable tool 'X'. Available tools: bash, read.";

/**
 * A call of a provider's tool, as opencode 1.18 writes it: as its own tool `invalid`, with the result as the metadata.
 */
function called(name: string, result: unknown, more: Json = {}): Json {
  const { at: from = 110, to = 300, state, ...rest } = more as { at?: number; to?: number; state?: Json };
  return tool(from, from + 5, to, {
    tool: "invalid",
    callID: `ws_${from}`,
    metadata: { providerExecuted: true },
    ...rest,
    state: {
      input: { tool: name, error: TOLD.replace("X", name) },
      output: typeof result === "string" ? result : JSON.stringify(result),
      metadata: typeof result === "object" && result !== null && !Array.isArray(result) ? result : {},
      title: "invalid",
      ...state,
    },
  });
}

function traced(parts: readonly Json[], later: readonly Json[] = []): LoopTrace {
  const message = assistant(10, 1_000, [stepStart(100), ...parts, stepFinish(950), ...later], {
    finish: "stop",
  });
  const trace = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), message]))));
  expectSound(trace);
  return trace;
}

const toolOf = (part: Json): Tool => onlyOne(toolsIn(traced([part]).loop));

describe("a search that the provider ran itself", () => {
  const { loop } = onlyOne(reportedTraces(["provider-executed-web-search/session.json"]));
  const search = onlyOne(toolsIn(loop));

  test("is a tool that completed, with its action as input", () => {
    expect(search).toMatchObject({
      ...{ name: "web_search", status: "completed", outcome: "completed", failure: null },
      ...{ input: { type: "search", query: "node.js news" }, title: null, metadata: {} },
      ...{ origin: "provider", server: null },
    });
    expect(loop.totals).toMatchObject({ tools: 1, toolFailures: 0 });
    expect(loop).toMatchObject({ outcome: "completed", error: null });
  });

  test("is in the model's time, and in no other", () => {
    const step = onlyOne(loop.steps);
    const call = onlyOne(callsIn(loop));
    expect(call.end).toBeGreaterThan(search.end);
    expect(step.account).toMatchObject({ tools: 0, toolsSummed: 0 });
    expect(step.account.model).toBe(call.end - call.start);
    expect(call.output.toolCalls).toEqual([
      { id: "ws_1", name: "web_search", arguments: { type: "search", query: "node.js news" } },
    ]);
  });
});

test.each<readonly [string, string, unknown, unknown]>([
  [
    "OpenAI's web search that opened a page",
    "web_search",
    { action: { type: "openPage", url: "https://example.com" } },
    { type: "openPage", url: "https://example.com" },
  ],
  ["OpenAI's file search", "file_search", { queries: ["retries"], results: null }, { queries: ["retries"] }],
  ["OpenAI's code interpreter", "code_interpreter", { outputs: [{ type: "logs", logs: "4" }] }, null],
  ["OpenAI's image generation", "image_generation", { result: "aGk=" }, null],
  ["OpenAI's computer", "computer_use", { type: "computer_use_tool_result", status: "completed" }, null],
  [
    "Anthropic's web search",
    "web_search",
    [{ url: "https://example.com", title: "A", type: "web_search_result" }],
    null,
  ],
  [
    "Anthropic's web fetch",
    "web_fetch",
    { type: "web_fetch_result", url: "https://example.com", content: {} },
    { url: "https://example.com" },
  ],
  [
    "Anthropic's code execution",
    "code_execution",
    { type: "code_execution_result", stdout: "4", stderr: "", return_code: 0 },
    null,
  ],
  ["Anthropic's tool search", "tool_search_tool_regex", [{ type: "tool_reference", toolName: "x" }], null],
  ["Google's code execution", "code_execution", { outcome: "OUTCOME_OK", output: "4" }, null],
  ["one whose result is a text", "x_search", "nothing found", null],
])("%s completed", (_, name, result, input) => {
  expect(toolOf(called(name, result))).toMatchObject({
    ...{ name, outcome: "completed", failure: null, origin: "provider", server: null, title: null, input },
    output: typeof result === "string" ? result : JSON.stringify(result),
  });
});

test.each<readonly [string, Json, Json]>([
  [
    "a tool that opencode has too",
    { tool: "bash", state: { input: { command: "ls" }, title: "List" } },
    { name: "bash", input: { command: "ls" }, title: "List", server: null },
  ],
  [
    "an MCP server of OpenAI's",
    {
      tool: "mcp.search",
      state: {
        input: {},
        metadata: { type: "call", serverLabel: "docs", name: "search", arguments: '{"q":"x"}' },
      },
    },
    { name: "mcp.search", input: { q: "x" }, server: "docs" },
  ],
  [
    "an MCP server of Anthropic's",
    {
      tool: "search",
      metadata: { providerExecuted: true, anthropic: { type: "mcp-tool-use", serverName: "docs" } },
      state: { input: { q: "x" } },
    },
    { name: "search", input: { q: "x" }, server: "docs" },
  ],
  [
    "a server tool of Anthropic's in an opencode that does not say so",
    { callID: "srvtoolu_1", metadata: { anthropic: {} } },
    { name: "web_search", server: null },
  ],
])("%s", (_, more, right) => {
  expect(toolOf(called("web_search", {}, more))).toMatchObject({
    origin: "provider",
    failure: null,
    ...right,
  });
});

test.each<readonly [string, unknown, Json]>([
  [
    "Anthropic's errors",
    { type: "web_search_tool_result_error", errorCode: "max_uses_exceeded" },
    { kind: "failed", message: "max_uses_exceeded" },
  ],
  [
    "code that exits with 3",
    { type: "bash_code_execution_result", return_code: 3, stderr: "no" },
    { kind: "nonzero_exit", exitCode: 3 },
  ],
  [
    "a call of an MCP server that failed",
    { type: "call", serverLabel: "docs", name: "search", error: { message: "not\nthere" } },
    { kind: "failed", message: "not there" },
  ],
  [
    "the same with a text",
    { type: "call", serverLabel: "docs", name: "search", error: "not there" },
    { kind: "failed", message: "not there" },
  ],
  ["a search that failed", { status: "failed" }, { kind: "failed" }],
  ["code that failed", { outcome: "OUTCOME_FAILED", output: "" }, { kind: "failed" }],
  ["code that ran for too long", { outcome: "OUTCOME_DEADLINE_EXCEEDED", output: "" }, { kind: "timed_out" }],
])("%s is a failure", (_, result, failure) => {
  expect(toolOf(called("search", result))).toMatchObject({
    outcome: "failed",
    failure: { tool: "search", ...failure },
  });
});

test("a call that opencode itself calls failed", () => {
  const state = { status: "error", error: "max_uses_exceeded", output: undefined, metadata: undefined };
  expect(toolOf(called("web_search", {}, { state }))).toMatchObject({
    ...{ name: "web_search", outcome: "failed", input: null },
    failure: { kind: "failed", tool: "web_search", message: "max_uses_exceeded" },
  });
});

test("one that was cut off with the turn is unfinished, and no call's end", () => {
  const open = called("web_search", {}, { state: { status: "running", output: undefined, title: undefined } });
  const message = assistant(10, null, [stepStart(100), open]);
  const { loop } = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), message]))));
  expect(onlyOne(toolsIn(loop))).toMatchObject({ name: "web_search", outcome: "unfinished" });
  expect(onlyOne(callsIn(loop))).toMatchObject({ outcome: "unfinished" });
});

describe("beside opencode's own tools", () => {
  const search = called("web_search", { action: { query: "x" } }, { at: 110, to: 300 });
  const own = tool(350, 400, 900, { callID: "call_own" });
  const first = assistant(10, 1_000, [stepStart(100), search, text(310, 340, "I look."), own, stepFinish(950)], {
    finish: "tool-calls",
  });
  const trace = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), first, answer(1_010, 1_200)]))));

  test("the model's output ends when opencode's tool starts, the provider's is in it", () => {
    const [call] = callsIn(trace.loop);
    expect(call).toMatchObject({ end: T0 + 400 });
    const step = at(trace.loop.steps, 0);
    expect(step.account.tools).toBe(500);
    expect(step.account.toolsSummed).toBe(500);
  });

  test("its result is not what the next call is given", () => {
    expect(at(callsIn(trace.loop), 1).input).toMatchObject([{ role: "tool", tool_call_id: "call_own" }]);
  });

  test("a search behind opencode's tool puts the end off", () => {
    const late = called("web_search", {}, { at: 420, to: 600 });
    const [call] = callsIn(traced([own, late]).loop);
    expect(call).toMatchObject({ end: T0 + 600 });
  });
});

test("a message of nothing but the provider's tools was a call of the model", () => {
  const message = assistant(10, 400, [called("web_search", {})], { finish: "stop" });
  const { loop } = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), message]))));
  expect(callsIn(loop)).toHaveLength(1);
});

test("the same search again and again is no loop of the agent's", () => {
  const parts = [110, 210, 310, 410].map((from) =>
    called(
      "web_search",
      { type: "web_search_tool_result_error", errorCode: "unavailable" },
      { at: from, to: from + 50 },
    ),
  );
  const { loop } = traced(parts);
  expect(loop.steps.flatMap(({ events }) => events)).toEqual([]);
  expect(loop.totals.toolFailures).toBe(4);
});
