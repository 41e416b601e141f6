import type { CsvCell } from "../../text/csv.js";
import type { Dimension, StatsKey } from "./dimensions.js";
import type { StatsFigures } from "./stats-figures.js";
import type { StatsReport } from "./stats-report.js";

const FIGURES: readonly (readonly [column: string, cell: (figures: StatsFigures) => CsvCell])[] = [
  ["sessions", ({ sessions }) => sessions],
  ["turns", ({ turns }) => turns],
  ["failed", ({ failed }) => failed],
  ["unfinished", ({ unfinished }) => unfinished],
  ["steps", ({ steps }) => steps],
  ["calls", ({ calls }) => calls],
  ["retries", ({ retries }) => retries],
  ["toolCalls", ({ toolCalls }) => toolCalls],
  ["toolFailures", ({ toolFailures }) => toolFailures],
  ["tokens", ({ tokens }) => tokens],
  ["input", ({ usage }) => usage?.input ?? null],
  ["output", ({ usage }) => usage?.output ?? null],
  ["reasoning", ({ usage }) => usage?.reasoning ?? null],
  ["cacheRead", ({ usage }) => usage?.cacheRead ?? null],
  ["cacheWrite", ({ usage }) => usage?.cacheWrite ?? null],
  ["cacheShare", ({ cacheShare }) => cacheShare],
  ["cost", ({ cost }) => cost],
  ["costByUser", ({ costByUser }) => costByUser],
  ["unpricedCalls", ({ unpriced }) => unpriced.calls],
  ["unpricedTokens", ({ unpriced }) => unpriced.tokens],
  ["saved", ({ saved }) => saved],
  ["cacheBreaks", ({ cacheBreaks }) => cacheBreaks.count],
  ["cacheBreakTokens", ({ cacheBreaks }) => cacheBreaks.tokens],
  ["cacheBreakCost", ({ cacheBreaks }) => cacheBreaks.cost],
  ["otherCalls", ({ others }) => others.calls],
  ["otherTokens", ({ others }) => others.tokens],
  ["otherCost", ({ others }) => others.cost],
  ["otherWithoutUsage", ({ others }) => others.withoutUsage],
  ["otherWithoutCost", ({ others }) => others.withoutCost],
  ["timeMs", ({ time }) => time.total],
  ["modelMs", ({ time }) => time.model],
  ["toolsMs", ({ time }) => time.tools],
  ["waitingMs", ({ time }) => time.waiting],
  ["retriesMs", ({ time }) => time.retries],
  ["opencodeMs", ({ time }) => time.opencode],
  ["turnP50Ms", ({ turnMs }) => turnMs.p50],
  ["turnP90Ms", ({ turnMs }) => turnMs.p90],
  ["turnMaxMs", ({ turnMs }) => turnMs.max],
];

const TOOL_FIGURES = ["calls", "failed", "withoutTime", "p50Ms", "p90Ms", "maxMs", "totalMs"] as const;

/** The table, with its head. All together are no row, since sums over a column would then be wrong. */
export function statsCsv({ by, rows }: StatsReport): readonly (readonly CsvCell[])[] {
  const head = [...by, ...FIGURES.map(([column]) => column)];
  return [head, ...rows.map((row) => [...keyCells(by, row.key), ...FIGURES.map(([, cell]) => cell(row))])];
}

/** The table of tools, with its head; the head alone where tools were not asked for. */
export function toolStatsCsv({ by, tools }: StatsReport): readonly (readonly CsvCell[])[] {
  const head = [...by, "tool", ...TOOL_FIGURES];
  const rows = (tools ?? []).map((row) => [
    ...keyCells(by, row.key),
    row.tool,
    ...TOOL_FIGURES.map((figure) => row[figure]),
  ]);
  return [head, ...rows];
}

function keyCells(by: readonly Dimension[], key: StatsKey): readonly CsvCell[] {
  return by.map((dimension) => key[dimension] ?? null);
}
