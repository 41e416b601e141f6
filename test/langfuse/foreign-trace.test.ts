import { expect, test } from "vitest";
import { tokenRows } from "../../src/analysis/token-rows.js";
import { toolTable } from "../../src/analysis/tool-table.js";
import { observationPage } from "../../src/langfuse/api/observation.js";
import { readTrace } from "../../src/langfuse/read/read-trace.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { answerObservations } from "../support/langfuse/answer-observations.js";
import { storedObservations } from "../support/langfuse/stored-observations.js";

const TRACE = "0123456789abcdef0123456789abcdef";

interface Made {
  readonly id: number;
  readonly parent?: number;
  readonly name: string;
  /** ms from the beginning */
  readonly from: number;
  readonly to: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

const FIELDS = "core,basic,time,io,metadata,model,usage,trace_context";

/** What another tracer sent. */
function request(spans: readonly Made[]): object {
  const id = (number: number): string => number.toString(16).padStart(16, "0");
  const nanos = (ms: number): string => `${1_700_000_000_000 + ms}000000`;
  return {
    resourceSpans: [
      {
        resource: { attributes: [] },
        scopeSpans: [
          {
            scope: { name: "langfuse-opencode", version: "0.5.0" },
            spans: spans.map(({ id: own, parent, name, from, to, attributes, error }) => ({
              traceId: TRACE,
              spanId: id(own),
              ...(parent === undefined ? {} : { parentSpanId: id(parent) }),
              name,
              startTimeUnixNano: nanos(from),
              endTimeUnixNano: nanos(to),
              status: error === undefined ? {} : { code: 2, message: error },
              attributes: Object.entries({ "session.id": "ses_1", ...attributes }).map(([key, value]) => ({
                key,
                value: { stringValue: typeof value === "string" ? value : JSON.stringify(value) },
              })),
            })),
          },
        ],
      },
    ],
  };
}

/** The same as Langfuse answers it. */
function read(spans: readonly Made[]): LoopTrace {
  const rows = storedObservations(request(spans), 0);
  const { body } = answerObservations(rows, new URLSearchParams({ fields: FIELDS, limit: "1000" }));
  const remote = readTrace(TRACE, observationPage.parse(body).data);
  if (!remote) throw new Error("there is no trace");
  expect(remote.otherTracer).not.toBeNull();
  return remote.trace;
}

const o = "langfuse.observation";

test("a turn of Langfuse's own plugin becomes a loop, as far as it tells", () => {
  const trace = read([
    {
      id: 1,
      name: "opencode.turn",
      from: 0,
      to: 5_000,
      attributes: {
        [`${o}.type`]: "agent",
        [`${o}.input`]: [{ role: "user", content: [{ type: "text", text: "Fix it" }] }],
        [`${o}.output`]: [{ role: "assistant", content: "Done." }],
        [`${o}.metadata`]: { agent: "build", messageID: "msg_1" },
      },
    },
    {
      id: 2,
      parent: 1,
      name: "opencode.generation",
      from: 10,
      to: 3_000,
      attributes: {
        [`${o}.type`]: "generation",
        [`${o}.model.name`]: "claude-sonnet-4-6",
        [`${o}.output`]: [
          { role: "assistant", tool_calls: [{ id: "c1", name: "bash", arguments: '{"command":"ls"}' }] },
        ],
        [`${o}.usage_details`]: { input: 100, output: 20, reasoning: 5, cache_read: 900, cache_write: 0, total: 125 },
        [`${o}.cost_details`]: { total: 0.01 },
        [`${o}.metadata`]: { agent: "build", providerID: "anthropic" },
      },
    },
    {
      id: 3,
      parent: 2,
      name: "bash",
      from: 1_000,
      to: 2_500,
      attributes: {
        [`${o}.type`]: "tool",
        [`${o}.input`]: { command: "ls" },
        [`${o}.output`]: { title: "List", output: "a b" },
        [`${o}.metadata`]: { callID: "c1", tool: "bash" },
      },
    },
    {
      id: 4,
      parent: 1,
      name: "opencode.generation",
      from: 3_000,
      to: 5_000,
      attributes: { [`${o}.type`]: "generation", [`${o}.output`]: { error: { message: "no credit" } } },
      error: "no credit",
    },
  ]);
  expect(trace.session).toMatchObject({ id: "ses_1", opencodeVersion: "unknown" });
  expect(trace.loop.notes).toEqual([expect.stringMatching(/Langfuse's plugin for opencode/)]);
  expect(trace.loop).toMatchObject({ agent: "build", output: "Done.", totals: { steps: 2, calls: 2, tools: 1 } });
  const [first, second] = trace.loop.steps;
  // Its call did not last until its tools had ended.
  expect(first?.call).toMatchObject({ timing: "bounded", end: 1_700_000_001_000, cost: 0.01 });
  expect(first?.tools).toMatchObject([
    { name: "bash", callId: "c1", output: "a b", title: "List", origin: "opencode" },
  ]);
  expect(second?.call).toMatchObject({ usage: null, cost: null, error: { message: "no credit" } });
  const [row] = tokenRows(trace);
  expect(row).toMatchObject({ prompt: { total: 1000, cached: 900, new: 100 }, output: 20, reasoning: 5, causes: [] });
  const table = toolTable({ by: "tool", slowest: 5 });
  table.add(trace);
  expect(table.report().tools).toMatchObject([{ name: "bash", calls: 1, totalMs: 1_500, boundedCalls: 1 }]);
});

test("any other trace is a best effort, hostile ones too", () => {
  const cyclic = [
    { id: 1, parent: 2, name: "a", from: 0, to: 1, attributes: {} },
    { id: 2, parent: 1, name: "b", from: 0, to: 1, attributes: {} },
    { id: 3, name: "root", from: 0, to: 10, attributes: { [`${o}.input`]: "hello", [`${o}.output`]: "bye" } },
    {
      id: 4,
      parent: 3,
      name: "\u001b[31mtool\u0000",
      from: 20,
      to: 1,
      attributes: {
        [`${o}.type`]: "tool",
        [`${o}.input`]: "[not json",
        [`${o}.metadata.__proto__.polluted`]: "yes",
        [`${o}.metadata`]: { constructor: 1, tool: { nested: true } },
      },
    },
  ];
  const trace = read(cyclic);
  expect(trace.loop).toMatchObject({
    input: [{ role: "user", content: "hello" }],
    output: "bye",
    totals: { calls: 0, tools: 1 },
  });
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect("polluted" in {}).toBe(false);
});

test("observations that stand below themselves are read all the same", () => {
  const loop = { attributes: { [`${o}.type`]: "agent" }, from: 0, to: 10 };
  const rows = storedObservations(
    request([
      { ...loop, id: 1, name: "elsewhere", attributes: {} },
      { ...loop, id: 2, parent: 3, name: "opencode.loop" },
      { ...loop, id: 3, parent: 2, name: "opencode.loop build" },
      { ...loop, id: 4, parent: 4, name: "loop.step-0" },
    ]),
    0,
  );
  const { body } = answerObservations(rows, new URLSearchParams({ fields: FIELDS, limit: "1000" }));
  const remote = readTrace(TRACE, observationPage.parse(body).data);
  expect(remote?.trace.loop).toMatchObject({ spanId: "0000000000000002", steps: [], loops: [] });
});
