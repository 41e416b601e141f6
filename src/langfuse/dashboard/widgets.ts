import type { unstable } from "@langfuse/core";

/** A widget as `POST /api/public/unstable/dashboard-widgets` takes it. */
export type Widget = Omit<unstable.CreateDashboardWidgetRequest, "description" | "chartConfig"> & {
  readonly description: string;
  readonly chartConfig: NonNullable<unstable.CreateDashboardWidgetRequest["chartConfig"]>;
};

/** A widget, and where it stands on the dashboard's grid of twelve columns. */
export interface PlacedWidget {
  /** By which it is known again, whatever it is called then. */
  readonly key: string;
  readonly widget: Widget;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

type Filter = Widget["filters"][number];

const nameBegins = (value: string): Filter => ({ type: "string", column: "name", operator: "starts with", value });
const named = (...value: string[]): Filter => ({ type: "stringOptions", column: "name", operator: "any of", value });
const failed: Filter = { type: "stringOptions", column: "level", operator: "any of", value: ["ERROR"] };
/** Loops of subagents that an earlier looptrace sent are called as the turn's own. */
const ofTurn: readonly Filter[] = [
  named("opencode.loop"),
  { type: "boolean", column: "isRootObservation", operator: "=", value: true },
];
/** Subagents have a context of their own: beside the turn's it would look as if that fell. */
const notSubagents: Filter = { type: "arrayOptions", column: "tags", operator: "none of", value: ["subagent"] };

/** Calls of models, and those beside the steps: both cost. */
const spending: readonly Filter[] = [
  { type: "stringOptions", column: "type", operator: "any of", value: ["GENERATION"] },
];
const calls: readonly Filter[] = [nameBegins("llm-call-")];
const tools: readonly Filter[] = [nameBegins("tool.")];

interface Wanted {
  readonly key: string;
  readonly name: string;
  readonly description: string;
  readonly chartType: Widget["chartType"];
  readonly metrics: Widget["metrics"];
  readonly dimension?: string;
  readonly filters: readonly Filter[];
  readonly view?: Widget["view"];
  /** Of a table: what it is sorted by, the largest first. */
  readonly sortedBy?: string;
  readonly at: readonly [x: number, y: number, width: number, height: number];
}

const WANTED: readonly Wanted[] = [
  {
    key: "turns",
    name: "Turns",
    description: "Prompts that opencode worked on",
    chartType: "NUMBER",
    metrics: [{ measure: "count", agg: "count" }],
    filters: ofTurn,
    at: [0, 0, 3, 3],
  },
  {
    key: "failed-turns",
    name: "Turns that failed",
    description: "What a turn got over is no failure of it",
    chartType: "NUMBER",
    metrics: [{ measure: "count", agg: "count" }],
    filters: [...ofTurn, failed],
    at: [3, 0, 3, 3],
  },
  {
    key: "doom-loops",
    name: "Doom loops",
    description: "The same tool call again and again, in vain",
    chartType: "NUMBER",
    metrics: [{ measure: "count", agg: "count" }],
    filters: [named("doom-loop")],
    at: [6, 0, 3, 3],
  },
  {
    key: "retries",
    name: "Retries",
    description: "Requests to models that failed and were made again",
    chartType: "NUMBER",
    metrics: [{ measure: "count", agg: "count" }],
    filters: [named("retry")],
    at: [9, 0, 3, 3],
  },
  {
    key: "tools",
    name: "Tools: time and calls",
    description: "In ms. A subagent's whole time is in its task's; Langfuse interpolates percentiles",
    chartType: "PIVOT_TABLE",
    metrics: [
      { measure: "count", agg: "count" },
      { measure: "latency", agg: "p50" },
      { measure: "latency", agg: "p95" },
      { measure: "latency", agg: "max" },
    ],
    dimension: "name",
    filters: tools,
    sortedBy: "p95_latency",
    at: [0, 3, 8, 7],
  },
  {
    key: "tool-failures",
    name: "Tools: failures",
    description: "Calls that failed, by tool",
    chartType: "HORIZONTAL_BAR",
    metrics: [{ measure: "count", agg: "count" }],
    dimension: "name",
    filters: [...tools, failed],
    at: [8, 3, 4, 7],
  },
  {
    key: "tokens",
    name: "Tokens by model",
    description: "All tokens, cached ones too, by when the calls began",
    chartType: "BAR_TIME_SERIES",
    metrics: [{ measure: "totalTokens", agg: "sum" }],
    dimension: "providedModelName",
    filters: spending,
    at: [0, 10, 6, 6],
  },
  {
    key: "cost",
    name: "Cost by model",
    description: "USD: what opencode knew, else what Langfuse reckons from its own prices",
    chartType: "BAR_TIME_SERIES",
    metrics: [{ measure: "totalCost", agg: "sum" }],
    dimension: "providedModelName",
    filters: spending,
    at: [6, 10, 6, 6],
  },
  {
    key: "context",
    name: "Context size",
    description: "Tokens of the longest prompt, without subagents",
    chartType: "LINE_TIME_SERIES",
    metrics: [{ measure: "inputTokens", agg: "max" }],
    dimension: "providedModelName",
    filters: [...calls, notSubagents],
    at: [0, 16, 6, 6],
  },
  {
    key: "first-token",
    name: "Time to first token (p95)",
    description: "In ms, from the request that was answered on",
    chartType: "LINE_TIME_SERIES",
    metrics: [{ measure: "timeToFirstToken", agg: "p95" }],
    dimension: "providedModelName",
    filters: calls,
    at: [6, 16, 6, 6],
  },
  {
    key: "models",
    name: "Models: speed",
    description: "Of calls: in ms, and tokens a second from the first token on",
    chartType: "PIVOT_TABLE",
    metrics: [
      { measure: "count", agg: "count" },
      { measure: "latency", agg: "p50" },
      { measure: "latency", agg: "p95" },
      { measure: "timeToFirstToken", agg: "p50" },
      { measure: "outputTokensPerSecond", agg: "avg" },
    ],
    dimension: "providedModelName",
    filters: calls,
    sortedBy: "count_count",
    at: [0, 22, 8, 6],
  },
  {
    key: "cache",
    name: "Cache: tokens by kind",
    description: "input_cached_tokens came from the provider's cache; input was read anew",
    chartType: "PIVOT_TABLE",
    metrics: [{ measure: "usageByType", agg: "sum" }],
    dimension: "usageType",
    filters: spending,
    sortedBy: "sum_usageByType",
    at: [8, 22, 4, 6],
  },
  {
    key: "trouble",
    name: "What went wrong",
    description: "Doom loops, retries, broken caches and compactions over time",
    chartType: "BAR_TIME_SERIES",
    metrics: [{ measure: "count", agg: "count" }],
    dimension: "name",
    filters: [named("doom-loop", "retry", "cache-break", "compaction")],
    at: [0, 28, 12, 6],
  },
  {
    key: "cache-hits",
    name: "Cache hit ratio",
    description: "How much of the prompts came from the provider's cache, 0 to 1; a score of each turn",
    view: "scores-numeric",
    chartType: "LINE_TIME_SERIES",
    metrics: [{ measure: "value", agg: "avg" }],
    filters: [named("cache_hit_ratio")],
    at: [0, 34, 4, 6],
  },
  {
    key: "outcomes",
    name: "How turns ended",
    description: "A score of each turn",
    view: "scores-categorical",
    chartType: "BAR_TIME_SERIES",
    metrics: [{ measure: "count", agg: "count" }],
    dimension: "stringValue",
    filters: [named("outcome")],
    at: [4, 34, 4, 6],
  },
  {
    key: "scores",
    name: "Scores of turns",
    description: "Rates are 0 to 1; opencode_time_share is the time that neither models nor tools took",
    view: "scores-numeric",
    chartType: "PIVOT_TABLE",
    metrics: [
      { measure: "count", agg: "count" },
      { measure: "value", agg: "avg" },
      { measure: "value", agg: "p95" },
    ],
    dimension: "name",
    filters: [named("tool_error_rate", "cache_hit_ratio", "doom_loop", "opencode_time_share", "cost_usd")],
    sortedBy: "count_count",
    at: [8, 34, 4, 6],
  },
];

/** The dashboard's widgets, in the order in which they are made. */
export const WIDGETS: readonly PlacedWidget[] = WANTED.map(
  ({ key, name, description, chartType, metrics, dimension, filters, view, sortedBy, at }) => {
    const [x, y, width, height] = at;
    const config = sortedBy === undefined ? {} : { defaultSort: { column: sortedBy, order: "DESC" as const } };
    return {
      key,
      widget: {
        name,
        description: `${description}. ${markOf(key)}`,
        view: view ?? "observations",
        dimensions: dimension === undefined ? [] : [{ field: dimension }],
        metrics,
        filters: [...filters],
        chartType,
        chartConfig: { type: chartType, ...config },
      },
      x,
      y,
      width,
      height,
    };
  },
);

/** How a dashboard is known for looptrace's, and made by which layout. */
export const DASHBOARD_MARK = "[looptrace dashboard]";

export const DASHBOARD = {
  name: "opencode (looptrace)",
  description: `What opencode did, by looptrace: tools, tokens, cost, context. \`looptrace dashboard\` keeps it up to date; its name and what stands beside its widgets stay, changes to these are undone by that. ${DASHBOARD_MARK}`,
} as const;

/** Stands in a widget's description, so that it is found again. */
function markOf(key: string): string {
  return `[looptrace ${key}]`;
}

/** The key in a description; undefined where the widget is not looptrace's. */
export function keyIn(description: string): string | undefined {
  return /\[looptrace ([a-z-]+)\]\s*$/.exec(description)?.[1];
}
