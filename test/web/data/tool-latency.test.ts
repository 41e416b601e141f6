import { expect, test } from "vitest";
import { sampleOf, slowestCalls, toolLatencies } from "../../../src/web/data/tool-latency.js";
import { traceOf } from "../../support/fixtures.js";
import { toolsIn } from "../../trace/walk-trace.js";

const placed = (name: string) => toolsIn(traceOf(name).loop).map((tool, row) => ({ row, tool }));

test("a sample of many values keeps both ends and the order", () => {
  const sorted = Array.from({ length: 5000 }, (_, index) => index * 2);
  const sample = sampleOf(sorted, 160);
  expect([sample.length, sample[0], sample.at(-1)]).toEqual([160, 0, 9998]);
  expect(sample.toSorted((a, b) => a - b)).toEqual(sample);
  expect(sampleOf([1, 2, 3], 160)).toEqual([1, 2, 3]);
});

test("tools are counted by name, with their errors", () => {
  const tools = placed("failing-tool@1.18.33");
  const latencies = toolLatencies(tools);
  for (const { name, count, errors, max, sum } of latencies) {
    const own = tools.filter(({ tool }) => tool.name === name).map(({ tool }) => tool);
    const durations = own.map(({ start, end }) => end - start);
    expect([count, errors]).toEqual([own.length, own.filter(({ failure }) => failure).length]);
    expect([max, sum]).toEqual([Math.max(...durations), durations.reduce((a, b) => a + b, 0)]);
  }
  expect(latencies.reduce((sum, { errors }) => sum + errors, 0)).toBe(5);
  expect(latencies.map(({ sum }) => sum)).toEqual(latencies.map(({ sum }) => sum).toSorted((a, b) => b - a));
});

test("a call that never ended has no latency", () => {
  const tools = placed("killed@1.18.33");
  expect(toolLatencies(tools)).toMatchObject([
    { name: "bash", count: 1, unfinished: 1, errors: 1, p50: null, p99: null, max: null, sample: [] },
  ]);
  expect(slowestCalls(tools)).toEqual([]);
});

test("the slowest calls come with their arguments", () => {
  const slowest = slowestCalls(placed("multistep@1.18.33"));
  expect(slowest).toHaveLength(5);
  expect(slowest[0]?.arguments).toBe(
    '{"command":"sleep 0.3; grep -n port settings.txt","description":"Finds the port setting"}',
  );
  const durations = slowest.map(({ duration }) => duration);
  expect(durations).toEqual(durations.toSorted((a, b) => b - a));
});
