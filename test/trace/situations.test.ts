import { describe, expect, test } from "vitest";
import { InvalidExportError } from "../../src/errors/invalid-export-error.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, onlyOne, traceOf } from "../support/fixtures.js";
import { LITTLE, withLittleStack } from "../support/little-stack.js";
import { answer, assistant, exportOf, mint, SESSION, stepStart, T0, text, tool, treeOf, user } from "./make-session.js";
import { callsIn, spansIn, toolsIn } from "./walk-trace.js";

describe("a compaction", () => {
  const { loop } = traceOf("compaction@1.18.33");

  test("belongs to the turn that was running, as a step of its own with the event on it", () => {
    expect(loop.steps.map(({ kind }) => kind)).toEqual(["answer", "compaction", "answer"]);
    const { events } = at(loop.steps, 1);
    expect(onlyOne(events)).toMatchObject({
      name: "compaction",
      attributes: { auto: true, overflow: false },
    });
    expect(at(loop.steps, 1).call?.output.text).toMatch(/^Goal: /);
    expect(loop.output).toBe("Three things were logged, one after the other.");
  });

  test("its calls are asked what opencode wrote", () => {
    const [, compaction, after] = callsIn(loop);
    expect(compaction?.input).toMatchObject([
      { role: "tool", tool_call_id: "call_log" },
      { role: "user", content: [{ type: "compaction", auto: true, overflow: false }] },
    ]);
    expect(after?.input).toMatchObject([{ role: "user", content: expect.stringContaining("Continue") }]);
    expect(after?.cumulative.contextGrowth).toBeLessThan(0);
  });

  test("that was asked for and never came is told of in a note", () => {
    const asked = user(400, [{ type: "compaction", id: "prt_asked", auto: true }]);
    const trace = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), answer(10, 300), asked]))));
    expect(trace.loop.notes).toEqual([
      `opencode asked for a compaction at ${new Date(T0 + 400).toISOString()}, and nothing came of it.`,
    ]);
  });

  test("after a request that was too large, the growth is not measured from nothing", () => {
    const asked = user(100, [{ type: "compaction", id: "prt_overflow", auto: true, overflow: true }]);
    const summary = answer(110, 200, "Summary.", { summary: true, mode: "compaction" });
    const trace = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), assistant(10, 90, []), asked, summary]))));
    const [refused, compacted] = callsIn(trace.loop);
    expect(refused).toMatchObject({ outcome: "failed", error: { code: "max_output_tokens" }, usage: null });
    expect(compacted?.cumulative).toMatchObject({ contextTokens: 112, contextGrowth: null });
  });
});

test("tools that fail say how, and the model is told", () => {
  const { loop } = traceOf("failing-tool@1.18.33");
  const failures = Object.fromEntries(toolsIn(loop).map(({ callId, name, failure }) => [callId, { name, failure }]));
  expect(failures).toMatchObject({
    call_missing: {
      name: "read",
      failure: { kind: "failed", message: expect.stringContaining("File not found") },
    },
    call_exit: { name: "bash", failure: { kind: "nonzero_exit", exitCode: 3 } },
    call_arguments: { name: "read", failure: { kind: "invalid_arguments" } },
    call_unknown: { name: "frobnicate", failure: { kind: "unknown_tool" } },
    call_no_json: { name: "bash", failure: { kind: "invalid_arguments" } },
  });
  expect(loop.totals.toolFailures).toBe(5);
  expect(loop).toMatchObject({ outcome: "completed", error: null });
  const told = callsIn(loop).flatMap(({ input }) => input);
  expect(told.filter((message) => message.role === "tool" && message.is_error)).toHaveLength(4);
  // A command that exits with 3 has done its work: the model is told its output.
  expect(told.find((message) => message.role === "tool" && message.tool_call_id === "call_exit")).toMatchObject({
    content: expect.stringContaining("problem"),
  });
});

test("a turn that the provider refused has the typed error on its call and on the loop", () => {
  const { loop } = traceOf("provider-401@1.18.33");
  expect(loop).toMatchObject({
    outcome: "failed",
    error: { code: "authentication_failed", statusCode: 401 },
  });
  expect(onlyOne(callsIn(loop))).toMatchObject({
    outcome: "failed",
    usage: null,
    error: { code: "authentication_failed" },
  });
});

test("an answer that was cut at the limit fails the turn with what there was of it", () => {
  const { loop } = traceOf("length@1.18.33");
  expect(loop.error).toMatchObject({ code: "max_output_tokens", reason: "output_limit" });
  expect(loop.output).toMatch(/^It began on a rainy day/);
});

test("an empty answer is an answer", () => {
  expect(traceOf("empty-answer@1.18.33").loop).toMatchObject({
    outcome: "completed",
    error: null,
    output: null,
  });
});

test("strange characters are in the trace as they are in the export", () => {
  const { loop } = traceOf("unicode@1.18.33");
  expect(loop.input).toEqual([{ role: "user", content: "Show me the strange characters: 👩‍👩‍👧 ünïcödé 漢字" }]);
  expect(loop.output).toBe(
    "Here they are: 👩‍👩‍👧 漢字, a NUL [\u0000], an ESC [\u001b[1m], a lone surrogate [\ud83d] and another one [\udc4b].",
  );
  expect(at(callsIn(loop), 0).output.thinking).toBe("思考中… 🤔 half a pair: \ud83d");
  expect(toolsIn(loop)[0]?.output).toContain("nul[\u0000] esc[\u001b[31mred");
});

describe("a message that asked no model", () => {
  test("has no call, but its tool", () => {
    const task = tool(20, 21, 100, { tool: "task", callID: "call_own" });
    const { loop } = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), assistant(10, 101, [task])]))));
    expect(onlyOne(loop.steps)).toMatchObject({
      kind: "subtask",
      call: null,
      tools: [{ callId: "call_own" }],
    });
    expect(loop.totals).toMatchObject({ calls: 0, tools: 1 });
  });

  test("is none that also said something", () => {
    const parts = [text(20, 30, "Look:"), tool(31, 32, 100)];
    const { loop } = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), assistant(10, 101, parts)]))));
    expect(onlyOne(loop.steps).call?.output.text).toBe("Look:");
  });
});

test("a tool without arguments is plain data all the same", () => {
  const bare = tool(20, 30, 90, { state: { input: undefined } });
  const { loop } = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), assistant(10, 100, [stepStart(15), bare])]))));
  expect(onlyOne(toolsIn(loop)).input).toBeNull();
  expect(onlyOne(callsIn(loop)).output.toolCalls).toEqual([{ id: "call_20", name: "bash", arguments: null }]);
});

test("a structured answer is the loop's output", () => {
  const { loop } = onlyOne(
    traceSession(treeOf(exportOf([user(0, "Go."), answer(10, 90, "text", { structured: { port: 9090 } })]))),
  );
  expect(loop.output).toEqual({ port: 9090 });
});

test("an error of a message that asked no model stands in its step's notes", () => {
  const task = tool(20, 21, 100, { tool: "task" });
  const error = { name: "APIError", data: { message: "no such agent", statusCode: 400, isRetryable: false } };
  const messages = [user(0, "Go."), assistant(10, 101, [task], { error }), answer(110, 200)];
  const { loop } = onlyOne(traceSession(treeOf(exportOf(messages))));
  expect(at(loop.steps, 0)).toMatchObject({ kind: "subtask", outcome: "failed" });
  expect(at(loop.steps, 0).notes.join()).toContain("no such agent");
});

test("a text that only people are shown is no input: no model is sent it", () => {
  const parts = [
    { type: "text", id: mint("prt", 0), text: "Go." },
    { type: "text", id: mint("prt", 0), text: "for your eyes", ignored: true },
  ];
  const { loop } = onlyOne(traceSession(treeOf(exportOf([user(0, parts), answer(10, 90)]))));
  expect(loop.input).toEqual([{ role: "user", content: "Go." }]);
  expect(onlyOne(loop.steps).call?.input).toEqual(loop.input);
});

test("what a tool's metadata says beside its output is kept", () => {
  const told = (output: string) =>
    tool(20, 30, 90, { tool: "tickets_read", state: { output: "ticket 7: open", metadata: { output } } });
  const metadataWith = (output: string) =>
    onlyOne(
      toolsIn(
        onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), assistant(10, 100, [stepStart(15), told(output)])]))))
          .loop,
      ),
    ).metadata;
  expect(metadataWith("ticket 7")).toEqual({});
  expect(metadataWith("something else")).toEqual({ output: "something else" });
});

test("more parts than a call of a function can have arguments", () => {
  const parts = Array.from({ length: LITTLE + 1 }, (_, index) => ({
    ...tool(20, 30, 90),
    callID: `call_${index}`,
  }));
  const message = assistant(10, 100, [...parts, stepStart(95)]);
  const exported = exportOf([user(0, "Go."), message, answer(110, 200)]);
  const { loop } = onlyOne(withLittleStack(() => traceSession(treeOf(exported))));
  expect(loop.totals.tools).toBe(parts.length);
  expect(at(loop.steps, 1).call?.input).toHaveLength(parts.length);
});

test("subagents that are nested deeper than anybody's are refused", () => {
  const exports = Array.from({ length: 150 }, (_, index) =>
    exportOf([], { id: `ses_${index}`, ...(index === 0 ? {} : { parentID: `ses_${index - 1}` }) }),
  );
  expect(() => treeOf(...exports)).toThrow(InvalidExportError);
});

test("ids are of the session that a message stands in, whatever the message says", () => {
  const messages = [user(0, "Go."), answer(10, 90)];
  const copy = exportOf(messages, { id: "ses_copy" });
  const other = { ...exportOf(messages), info: { ...exportOf(messages).info, id: "ses_other" } };
  const ids = [copy, other].map((one) => spansIn(onlyOne(traceSession(treeOf(one))).loop).map(({ spanId }) => spanId));
  expect(new Set(ids.flat()).size).toBe(ids.flat().length);
});

test("parallel subagents without links: each by its time, in whatever order their files are named", () => {
  const task = (from: number, to: number, callID: string) => tool(from, from, to, { tool: "task", callID });
  const parent = exportOf([
    user(0, "Go."),
    assistant(10, 9_000, [stepStart(20), task(40, 8_000, "slow"), task(60, 2_000, "quick")]),
  ]);
  const child = (id: string, from: number, to: number) =>
    exportOf([user(from, id), answer(from + 10, to)], {
      id,
      parentID: SESSION,
      time: { created: T0 + from },
    });
  const [slow, quick] = [child("ses_slow", 70, 7_900), child("ses_quick", 80, 1_900)];
  for (const order of [
    [slow, quick],
    [quick, slow],
  ]) {
    const { loop } = onlyOne(traceSession(treeOf(parent, ...order)));
    const inside = toolsIn(loop).flatMap(({ callId, loops }) => loops.map(({ sessionId }) => [callId, sessionId]));
    expect(inside).toEqual([
      ["slow", "ses_slow"],
      ["quick", "ses_quick"],
    ]);
  }
});
