import { describe, expect, test } from "vitest";
import { checkSession } from "../../src/analysis/check-session.js";
import { toolTable } from "../../src/analysis/tool-table.js";
import { describeTrace } from "../../src/otel/describe-trace.js";
import type { InnerCall, Tool } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { onlyOne } from "../support/fixtures.js";
import { reportedTraces } from "../support/reported.js";
import { assistant, exportOf, type Json, stepFinish, stepStart, tool, treeOf, user } from "./make-session.js";
import { toolsIn } from "./walk-trace.js";

const [trace] = reportedTraces(["code-mode/session.json"], { mcpServers: ["tickets"] });
if (!trace) throw new Error("the recording has a turn");
const execute = onlyOne(toolsIn(trace.loop));

function executed(state: Json, mcpServers: readonly string[] = []): Tool {
  const part = tool(110, 120, 400, { tool: "execute", state: { input: { code: "…" }, ...state } });
  const message = assistant(10, 500, [stepStart(100), part, stepFinish(450)]);
  const traces = traceSession(treeOf(exportOf([user(0, "Go."), message])), { mcpServers });
  return onlyOne(toolsIn(onlyOne(traces).loop));
}

const innerOf = (toolCalls: unknown, state: Json = {}, servers: readonly string[] = []): readonly InnerCall[] =>
  executed({ metadata: { toolCalls }, ...state }, servers).innerCalls;

describe("a script that called two tools", () => {
  test("both are seen, with their server", () => {
    expect(execute).toMatchObject({
      name: "execute",
      origin: "opencode",
      server: null,
      outcome: "completed",
    });
    expect(execute.innerCalls).toMatchObject([
      {
        index: 0,
        name: "tickets_get-thing",
        server: "tickets",
        outcome: "completed",
        input: { name: "x" },
        durationMs: null,
      },
      {
        index: 1,
        name: "tickets_slow_thing",
        server: "tickets",
        outcome: "completed",
        input: null,
        durationMs: null,
      },
    ]);
  });

  test("their ids are their own, and the same again", () => {
    const ids = execute.innerCalls.map(({ spanId }) => spanId);
    const [again] = reportedTraces(["code-mode/session.json"]);
    expect(again && onlyOne(toolsIn(again.loop)).innerCalls.map(({ spanId }) => spanId)).toEqual(ids);
    expect(new Set([...ids, execute.spanId]).size).toBe(3);
  });

  test("they are counted by name and by server, and their time is in no figure", () => {
    const table = (by: "tool" | "server") => {
      const made = toolTable({ by, slowest: 9 });
      made.add(trace);
      return made.report();
    };
    expect(
      table("tool").tools.map(({ name, server, calls, withoutTime, unfinished, maxMs }) => [
        name,
        server,
        calls,
        withoutTime,
        unfinished,
        maxMs,
      ]),
    ).toEqual([
      ["execute", "opencode", 1, 0, 0, 4_300],
      ["tickets_get-thing", "tickets", 1, 1, 0, null],
      ["tickets_slow_thing", "tickets", 1, 1, 0, null],
    ]);
    expect(table("server").tools.map(({ name, calls }) => [name, calls])).toEqual([
      ["opencode", 1],
      ["tickets", 2],
    ]);
    expect(table("tool").total).toMatchObject({ calls: 3, errors: 0, withoutTime: 2, totalMs: 4_300 });
  });

  test("they are spans below the script's", () => {
    const below = describeTrace(trace, {}).filter(({ parent }) => parent?.spanId === execute.spanId);
    expect(below.map(({ name }) => name)).toEqual(["tool.tickets_get-thing", "tool.tickets_slow_thing"]);
  });
});

describe("a server", () => {
  test.each([
    ["my_team_db.get-thing", ["my_team.db"], "my_team_db_get-thing", "my_team.db"],
    ["my_team_db.get-thing", [], "my_team_db_get-thing", "my_team_db"],
    ["my_team_db.get-thing", ["my_team.db", "my/team/db"], "my_team_db_get-thing", "my_team_db"],
    ["tickets.a.b", ["tickets"], "tickets_a.b", "tickets"],
    ["search", ["tickets"], "search", null],
  ])("%s with %j", (path, servers, name, server) => {
    expect(innerOf([{ tool: path, status: "completed" }], {}, servers)).toMatchObject([{ name, server }]);
  });
});

describe("calls that did not end well", () => {
  const calls = [
    { tool: "tickets.lookup", status: "error", input: { ticket: 7 } },
    { tool: "tickets.lookup", status: "completed", input: { ticket: 8 } },
    { tool: "tickets.lookup", status: "running", input: { ticket: 9 } },
  ];

  test("failed, or were cut off with their script", () => {
    const outcomes = (state: Json = {}) => innerOf(calls, state).map(({ outcome }) => outcome);
    expect(outcomes()).toEqual(["failed", "completed", "failed"]);
    expect(outcomes({ status: "error", error: "it failed" })).toEqual(["failed", "completed", "failed"]);
    expect(outcomes({ status: "running" })).toEqual(["failed", "completed", "unfinished"]);
  });

  test("are tool errors of the session", () => {
    const part = tool(110, 120, 400, { tool: "execute", state: { metadata: { toolCalls: calls } } });
    const message = assistant(10, 500, [stepStart(100), part, stepFinish(450)]);
    const traces = traceSession(treeOf(exportOf([user(0, "Go."), message])));
    const session = { id: "ses_made", title: "" };
    const { results } = checkSession(session, traces, [
      { kind: "tool-errors", limit: 0 },
      { kind: "tool", tool: "tickets_lookup", stat: "max", limit: 100 },
      { kind: "tool", tool: "tickets_lookup", stat: "max", limit: 1_000 },
    ]);
    expect(results).toMatchObject([
      { status: "fail", value: 2, note: "tickets_lookup failed (2 times)" },
      // No longer than its script, which took 280 ms.
      { status: "unknown", value: 280 },
      { status: "pass", value: 280 },
    ]);
  });

  test("a script that was cancelled is no success", () => {
    const cancelled = executed({ output: "Execution cancelled.", metadata: { toolCalls: [], error: true } });
    expect(cancelled).toMatchObject({ outcome: "failed", failure: { kind: "aborted" } });
  });
});

test("a duration that is recorded is told", () => {
  const time = { start: 1_000, end: 1_250 };
  expect(innerOf([{ tool: "tickets.lookup", status: "completed", time }])).toMatchObject([{ durationMs: 250 }]);
});

test.each([[undefined], [null], ["two"], [{}], [[]], [[null, 7, {}, { tool: 7 }, { tool: "" }]]])(
  "%j are no calls",
  (toolCalls) => {
    expect(innerOf(toolCalls)).toEqual([]);
  },
);

test("another tool's metadata of that name are its own affair", () => {
  const part = tool(110, 120, 400, {
    tool: "bash",
    state: { metadata: { toolCalls: [{ tool: "a.b", status: "completed" }] } },
  });
  const message = assistant(10, 500, [stepStart(100), part, stepFinish(450)]);
  const { loop } = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), message]))));
  expect(onlyOne(toolsIn(loop)).innerCalls).toEqual([]);
});
