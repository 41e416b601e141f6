import { percentile } from "../../analysis/percentiles.js";
import type { Tool } from "../../trace/model.js";
import type { SlowCall, ToolLatency } from "./report-data.js";

/** A tool's call with the row that it has. */
export interface PlacedTool {
  readonly row: number;
  readonly tool: Tool;
}

/** How many of the slowest calls are listed. */
const MOST_SLOW = 15;

/** How many durations of a tool the chart gets. */
const MOST_SAMPLES = 160;

/** The head of the arguments that is listed. */
const MOST_ARGUMENTS = 300;

/** The latencies of each tool; those that took most time in all first. */
export function toolLatencies(tools: readonly PlacedTool[]): ToolLatency[] {
  const byName = new Map<string, Tool[]>();
  for (const { tool } of tools) {
    const others = byName.get(tool.name);
    if (others) others.push(tool);
    else byName.set(tool.name, [tool]);
  }
  return [...byName].map(([name, calls]) => latencyOf(name, calls)).sort((a, b) => b.sum - a.sum);
}

function latencyOf(name: string, calls: readonly Tool[]): ToolLatency {
  const ended = calls.filter(({ outcome }) => outcome !== "unfinished");
  const durations = ended.map(({ start, end }) => end - start).sort((a, b) => a - b);
  return {
    name,
    count: calls.length,
    errors: calls.filter(({ failure }) => failure !== null).length,
    unfinished: calls.length - ended.length,
    p50: percentile(durations, 50) ?? null,
    p90: percentile(durations, 90) ?? null,
    p99: percentile(durations, 99) ?? null,
    max: durations.at(-1) ?? null,
    sum: durations.reduce((sum, ms) => sum + ms, 0),
    sample: sampleOf(durations, MOST_SAMPLES),
  };
}

/** Evenly spread items of a sorted list, the first and the last among them. */
export function sampleOf(sorted: readonly number[], most: number): readonly number[] {
  if (sorted.length <= most) return sorted;
  return Array.from(
    { length: most },
    (_, index) => sorted[Math.round((index * (sorted.length - 1)) / (most - 1))] ?? 0,
  );
}

/** The calls that took longest, the slowest first. */
export function slowestCalls(tools: readonly PlacedTool[]): SlowCall[] {
  return tools
    .filter(({ tool }) => tool.outcome !== "unfinished")
    .toSorted((a, b) => b.tool.end - b.tool.start - (a.tool.end - a.tool.start))
    .slice(0, MOST_SLOW)
    .map(({ row, tool }) => ({
      row,
      name: tool.name,
      duration: tool.end - tool.start,
      failed: tool.failure !== null,
      arguments: argumentsText(tool.input),
    }));
}

function argumentsText(input: unknown): string {
  const text = typeof input === "string" ? input : (JSON.stringify(input) ?? "");
  return text.length <= MOST_ARGUMENTS ? text : `${text.slice(0, MOST_ARGUMENTS).toWellFormed()}…`;
}
