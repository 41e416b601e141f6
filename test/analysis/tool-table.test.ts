import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findStep } from "../../src/analysis/step-path.js";
import { TOOL_COLUMNS, toolCsv } from "../../src/analysis/tool-csv.js";
import { type ToolReport, toolTable } from "../../src/analysis/tool-table.js";
import { csvLine } from "../../src/text/csv.js";
import type { Loop, LoopTrace, Tool } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, fixtureNames, loadFixture, onlyOne, traceOf, tracesOf } from "../support/fixtures.js";
import { toolsJson } from "../support/json-shapes.js";
import { parseCsv } from "../support/parse-csv.js";
import { reportedTraces } from "../support/reported.js";
import { tries } from "../support/tries.js";
import { arbitrarySession } from "../trace/arbitrary-session.js";
import {
  answer,
  assistant,
  exportOf,
  type Json,
  mint,
  stepFinish,
  stepStart,
  tool,
  treeOf,
  user,
} from "../trace/make-session.js";
import { toolsIn } from "../trace/walk-trace.js";

function reportOf(traces: readonly LoopTrace[], by: ToolReport["groupedBy"] = "tool", slowest = 5): ToolReport {
  const table = toolTable({ by, slowest });
  for (const trace of traces) table.add(trace);
  return table.report();
}

function rowOf(report: ToolReport, name: string): ToolReport["tools"][number] {
  return onlyOne(report.tools.filter((row) => row.name === name));
}

/** What a fork copied is counted elsewhere, with all that stands below it. */
function countedTools({ copied, steps, loops: beside }: Loop): readonly Tool[] {
  if (copied) return [];
  const inSteps = steps.flatMap(({ tools, loops }) => [
    ...tools.flatMap((one) => [one, ...one.loops.flatMap(countedTools)]),
    ...loops.flatMap(countedTools),
  ]);
  return [...inSteps, ...beside.flatMap(countedTools)];
}

/** A turn of one step with these tools (name, from, to), of an opencode with these MCP servers. */
function turnWith(
  mcpServers: readonly string[],
  ...tools: readonly (readonly [string, number, number | null])[]
): readonly LoopTrace[] {
  const parts = tools.map(([name, from, to]): Json => tool(20, from, to, { tool: name, callID: `c${from}` }));
  const messages = [
    user(0, "Go."),
    assistant(10, 900, [stepStart(11), ...parts, stepFinish(899)], { finish: "tool-calls" }),
    answer(910, 1000),
  ];
  return traceSession(treeOf(exportOf(messages)), { mcpServers });
}

describe("the table of tools", () => {
  test("counts calls and failures, and tells the times of those that ended", () => {
    const report = reportOf(
      turnWith([], ["bash", 100, 110], ["bash", 200, 230], ["bash", 300, 320], ["read", 400, 450], ["read", 500, null]),
    );
    expect(rowOf(report, "bash")).toEqual({
      name: "bash",
      server: "opencode",
      calls: 3,
      errors: 0,
      unfinished: 0,
      withoutTime: 0,
      boundedCalls: 0,
      subagentCalls: 0,
      p50Ms: 20,
      p90Ms: 30,
      p99Ms: 30,
      maxMs: 30,
      totalMs: 60,
      busyMs: 60,
      share: 60 / 1000,
      permissionWaitMs: 0,
    });
    expect(rowOf(report, "read")).toMatchObject({
      calls: 2,
      errors: 0,
      unfinished: 1,
      maxMs: 50,
      totalMs: 50,
    });
    expect(report.total).toMatchObject({ calls: 5, unfinished: 1, p50Ms: 20, maxMs: 50, totalMs: 110 });
    expect(report.slowest.map(({ durationMs }) => durationMs)).toEqual([50, 30, 20, 10]);
  });

  test("adds up times that overlap, and counts them once in the share", () => {
    const report = reportOf(turnWith([], ["read", 100, 300], ["read", 200, 400], ["bash", 250, 350]));
    expect(rowOf(report, "read")).toMatchObject({ totalMs: 400, busyMs: 300, share: 0.3 });
    expect(report.total).toMatchObject({ totalMs: 500, busyMs: 300, share: 0.3 });
  });

  const of = ["tickets_search", "tickets_get", "delegate_task", "bash"] as const;
  const called = of.map((name, index) => [name, 100 * (index + 1), 190 - index + 100 * index] as const);

  test("puts tools together by MCP server; opencode's own are opencode, all others unknown", () => {
    const traces = turnWith(["tickets"], ...called);
    expect(reportOf(traces, "server").tools).toMatchObject([
      { name: "tickets", server: "tickets", calls: 2 },
      { name: "unknown", server: "unknown", calls: 1 },
      { name: "opencode", server: "opencode", calls: 1 },
    ]);
    expect(reportOf(traces).tools.map(({ name, server }) => [name, server])).toEqual([
      ["tickets_search", "tickets"],
      ["tickets_get", "tickets"],
      ["delegate_task", "unknown"],
      ["bash", "opencode"],
    ]);
  });

  test("claims no server where none is known", () => {
    expect(reportOf(turnWith([], ...called), "server").tools).toMatchObject([
      { name: "unknown", server: "unknown", calls: 3 },
      { name: "opencode", server: "opencode", calls: 1 },
    ]);
  });

  test("tells a server that is called as none is from none", () => {
    const servers = ["opencode", "unknown"];
    const traces = turnWith(servers, ["opencode_x", 100, 200], ["unknown_x", 200, 250], ["bash", 300, 310]);
    expect(reportOf(traces, "server").tools.map(({ name }) => name)).toEqual([
      "opencode (MCP server)",
      "unknown (MCP server)",
      "opencode",
    ]);
  });

  test("what the provider ran is the provider's", () => {
    const traces = reportedTraces(["provider-executed-web-search/session.json"]);
    expect(reportOf(traces, "server").tools).toMatchObject([{ name: "provider", calls: 1, errors: 0 }]);
    expect(rowOf(reportOf(traces), "web_search")).toMatchObject({ server: "provider", calls: 1 });
  });

  test("counts the tools of subagents, and marks those that started one", () => {
    const report = reportOf([traceOf("subagent@1.18.33")]);
    expect(rowOf(report, "task")).toMatchObject({ calls: 1, subagentCalls: 1 });
    expect(rowOf(report, "bash")).toMatchObject({ calls: 1, subagentCalls: 0 });
    expect(report.slowest.map(({ step, withSubagent }) => [step, withSubagent])).toEqual([
      ["0", true],
      ["0/0/0", false],
    ]);
    const { session } = loadFixture("subagent@1.18.33");
    const alone = reportOf(traceSession({ session, children: [] }));
    expect(alone).toMatchObject({ missingSubagents: 1, total: { calls: 1, subagentCalls: 1 } });
  });

  test("leaves out what a fork copied", () => {
    const DAY = 86_400_000;
    const copy = (message: ReturnType<typeof user>): ReturnType<typeof user> => ({
      ...message,
      info: { ...message.info, id: mint("msg", DAY) },
    });
    const step = (from: number): ReturnType<typeof user> =>
      assistant(from, from + 90, [stepStart(from + 1), tool(from + 5, from + 10, from + 40), stepFinish(from + 80)]);
    const traces = traceSession(
      treeOf(exportOf([copy(user(0, "One.")), copy(step(10)), user(DAY, "Two."), step(DAY + 10)])),
    );
    expect(traces.map(({ loop }) => [loop.copied, toolsIn(loop).length])).toEqual([
      [true, 1],
      [false, 1],
    ]);
    const report = reportOf(traces);
    expect(report).toMatchObject({ sessions: 1, turns: 1, copiedTurns: 1, total: { calls: 1 } });
    expect(report.durationMs).toBe(at(traces, 1).loop.end - at(traces, 1).loop.start);
    const below = traceOf("subagent@1.18.33");
    const steps = below.loop.steps.map((one) => ({
      ...one,
      tools: one.tools.map((task) => ({
        ...task,
        loops: task.loops.map((loop) => ({ ...loop, copied: true })),
      })),
    }));
    expect(reportOf([{ ...below, loop: { ...below.loop, steps } }]).tools.map(({ name }) => name)).toEqual(["task"]);
  });

  test("says of how many calls only a bound is known, and how many have no end", () => {
    expect(reportOf([traceOf("subagent@1.15.13")]).total).toMatchObject({ calls: 2, boundedCalls: 2 });
    expect(reportOf([traceOf("killed@1.18.33")]).total).toEqual({
      ...{ calls: 1, errors: 0, unfinished: 1, boundedCalls: 0, subagentCalls: 0 },
      ...{ p50Ms: null, p90Ms: null, p99Ms: null, maxMs: null, totalMs: 0, busyMs: 0, share: 0 },
      ...{ permissionWaitMs: 0, withoutTime: 0 },
    });
  });

  test("is empty without tools, and without turns", () => {
    expect(reportOf([traceOf("plain-answer@1.18.33")])).toMatchObject({ turns: 1, tools: [], slowest: [] });
    expect(reportOf([])).toMatchObject({ sessions: 0, durationMs: 0, total: { calls: 0, share: null } });
  });
});

test("over many sessions: one table, in which every call is once", () => {
  const traces = fixtureNames.flatMap((name) => tracesOf(loadFixture(name), "log"));
  const report = reportOf(traces, "tool", 1000);
  const all = traces.flatMap(({ loop }) => toolsIn(loop));
  expect(report.turns).toBe(traces.length);
  expect(report.total.calls).toBe(all.length);
  expect(report.tools.reduce((sum, { calls }) => sum + calls, 0)).toBe(all.length);
  expect(report.total.errors).toBe(all.filter(({ outcome }) => outcome === "failed").length);
  for (const call of report.slowest) {
    const trace = onlyOne(traces.filter(({ traceId }) => traceId === call.traceId));
    const placed = findStep(trace.loop, call.step);
    if (typeof placed === "string") throw new Error(placed);
    expect(placed.step.tools.map(({ spanId }) => spanId)).toContain(call.spanId);
  }
});

test("whatever the sessions: sums, order and shares hold, and the slowest are the slowest", () => {
  const by = fc.constantFrom("tool" as const, "server" as const);
  fc.assert(
    fc.property(fc.array(arbitrarySession, { maxLength: 3 }), by, fc.nat(6), (sessions, group, slowest) => {
      const traces = sessions.flatMap(({ exports }) => traceSession(treeOf(...exports)));
      const report = toolsJson.parse(JSON.parse(JSON.stringify(reportOf(traces, group, slowest))));
      const counted = traces.flatMap(({ loop }) => countedTools(loop));
      const ended = counted.filter(({ outcome }) => outcome !== "unfinished");
      const inner = counted.flatMap(({ innerCalls }) => innerCalls);
      const sum = (field: "calls" | "errors" | "unfinished" | "withoutTime" | "boundedCalls" | "totalMs"): number =>
        report.tools.reduce((total, row) => total + row[field], 0);
      for (const field of ["calls", "errors", "unfinished", "withoutTime", "boundedCalls", "totalMs"] as const) {
        expect(sum(field)).toBe(report.total[field]);
      }
      expect(report.total.calls).toBe(counted.length + inner.length);
      expect(report.total.calls - report.total.unfinished - report.total.withoutTime).toBe(ended.length);
      for (const { p50Ms, p90Ms, p99Ms, maxMs, totalMs, busyMs } of [...report.tools, report.total]) {
        const times = [p50Ms, p90Ms, p99Ms, maxMs].filter((ms) => ms !== null);
        expect([0, 4]).toContain(times.length);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(busyMs).toBeLessThanOrEqual(Math.min(totalMs, report.durationMs));
      }
      const durations = ended.map(({ start, end }) => end - start).toSorted((a, b) => b - a);
      expect(report.slowest.map(({ durationMs }) => durationMs)).toEqual(durations.slice(0, slowest));
    }),
    { numRuns: tries(30) },
  );
});

test("as CSV: a row for each, with the figures of the table, none for all together", () => {
  const report = reportOf(fixtureNames.flatMap((name) => tracesOf(loadFixture(name), "log")));
  const [head = [], ...rows] = parseCsv([TOOL_COLUMNS, ...toolCsv(report)].map(csvLine).join(""));
  const all = [...report.tools, ...report.own];
  expect(rows).toHaveLength(all.length);
  for (const [index, row] of rows.entries()) {
    const figures = Object.entries(at(all, index)).map(([name, value]) => [name, String(value ?? "")]);
    expect(Object.fromEntries(head.map((column, place) => [column, row[place]]))).toEqual(Object.fromEntries(figures));
  }
});
