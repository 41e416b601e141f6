/**
 * Which widgets Langfuse 4.16 takes, as data from its source: packages/shared/src/features/query/dataModel.ts (views,
 * dimensions, measures), web/src/features/dashboard/lib/dashboardUiTableToViewMapping.ts (columns of filters),
 * packages/shared/src/server/services/DashboardService/types.ts (charts), packages/shared/src/interfaces/filters.ts.
 */
import { z } from "zod";

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

interface View {
  /** Those that the widget builder offers. */
  readonly dimensions: readonly string[];
  /** Of numbers; all aggregations go. */
  readonly numbers: readonly string[];
  /** Of texts; only `count` and `uniq` go. */
  readonly texts: readonly string[];
  readonly filters: readonly string[];
}

const SCORE_DIMENSIONS = words(
  `sessionId traceName userId tags traceRelease traceVersion observationName observationModelName observationPromptName
   observationPromptVersion id environment name source dataType traceId configId timestampMonth timestampDay observationId`,
);
const SCORE_FILTERS = words(
  "name source dataType tags environment userId sessionId metadata traceName observationName traceRelease traceVersion",
);

const VIEWS: Readonly<Record<string, View>> = {
  observations: {
    dimensions: words(
      `environment type name level version userId sessionId tags release traceName traceRelease traceVersion
       providedModelName promptName promptVersion startTimeMonth toolNames calledToolNames costType usageType
       experimentName experimentDatasetId`,
    ),
    numbers: words(
      `count latency streamingLatency inputTokens outputTokens totalTokens outputTokensPerSecond tokensPerSecond
       inputCost outputCost totalCost timeToFirstToken countScores toolDefinitions toolCalls costByType usageByType`,
    ),
    texts: words("traceId uniqueUserIds uniqueSessionIds"),
    filters: words(
      `traceName name userId sessionId metadata type tags providedModelName level toolNames calledToolNames
       traceRelease traceVersion environment release version experimentName experimentDatasetId experimentId
       isRootObservation`,
    ),
  },
  "scores-numeric": {
    dimensions: [...SCORE_DIMENSIONS, "value"],
    numbers: ["count", "value"],
    texts: [],
    filters: [...SCORE_FILTERS, "value"],
  },
  "scores-boolean": {
    dimensions: [...SCORE_DIMENSIONS, "booleanValue"],
    numbers: ["count", "value"],
    texts: [],
    filters: [...SCORE_FILTERS, "booleanValue"],
  },
  "scores-categorical": {
    dimensions: [...SCORE_DIMENSIONS, "stringValue"],
    numbers: ["count"],
    texts: [],
    filters: [...SCORE_FILTERS, "stringValue"],
  },
};

const aggregation = z.enum([
  "sum",
  "avg",
  "count",
  "max",
  "min",
  "p50",
  "p75",
  "p90",
  "p95",
  "p99",
  "histogram",
  "uniq",
]);
const texts = ["=", "contains", "does not contain", "starts with", "ends with"] as const;

const filter = z.discriminatedUnion("type", [
  z.object({ type: z.literal("string"), column: z.string(), operator: z.enum(texts), value: z.string() }),
  z.object({
    type: z.literal("stringOptions"),
    column: z.string(),
    operator: z.enum(["any of", "none of"]),
    value: z.array(z.string()).min(1),
  }),
  z.object({
    type: z.literal("arrayOptions"),
    column: z.string(),
    operator: z.enum(["any of", "none of", "all of"]),
    value: z.array(z.string()),
  }),
  z.object({ type: z.literal("boolean"), column: z.string(), operator: z.enum(["=", "<>"]), value: z.boolean() }),
]);

const rowLimit = { row_limit: z.number().int().positive().lte(1000).optional() };
const chart = <Type extends string>(type: Type, more: z.ZodRawShape = {}) =>
  z.object({ type: z.literal(type), ...more });
const chartConfig = z.discriminatedUnion("type", [
  chart("LINE_TIME_SERIES"),
  chart("BAR_TIME_SERIES"),
  chart("AREA_TIME_SERIES"),
  chart("HORIZONTAL_BAR", { ...rowLimit, show_value_labels: z.boolean().optional() }),
  chart("VERTICAL_BAR", rowLimit),
  chart("PIE", rowLimit),
  chart("NUMBER", rowLimit),
  chart("HISTOGRAM", rowLimit),
  chart("PIVOT_TABLE", {
    ...rowLimit,
    defaultSort: z.object({ column: z.string(), order: z.enum(["ASC", "DESC"]) }).optional(),
  }),
]);

/** The body that a widget is made of. */
export const widgetBody = z.object({
  name: z.string().min(1),
  description: z.string().default(""),
  view: z.enum(["observations", "scores-numeric", "scores-boolean", "scores-categorical"]),
  dimensions: z.array(z.object({ field: z.string().min(1) })),
  metrics: z.array(z.object({ measure: z.string().min(1), agg: aggregation })).min(1),
  filters: z.array(filter),
  chartType: z.string(),
  chartConfig,
});

/** Why Langfuse would refuse a widget; undefined where it would take it. */
export function refusalOf(body: unknown): string | undefined {
  const parsed = widgetBody.safeParse(body);
  if (!parsed.success) return `${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`;
  const { view: name, dimensions, metrics, filters, chartType, chartConfig: config } = parsed.data;
  const view = VIEWS[name];
  if (!view) return `no view ${name}`;
  if (config.type !== chartType) return "chartConfig.type must match chartType";
  for (const { column } of filters)
    if (!view.filters.includes(column)) return `Unsupported filter column for view "${name}": ${column}`;
  for (const { field } of dimensions)
    if (!view.dimensions.includes(field)) return `Dimension "${field}" is not available for view "${name}"`;
  for (const { measure, agg } of metrics) {
    if (!view.numbers.includes(measure) && !view.texts.includes(measure))
      return `Measure "${measure}" is not available for view "${name}"`;
    if (view.texts.includes(measure) && agg !== "count" && agg !== "uniq")
      return `Aggregation "${agg}" is not valid for measure "${measure}"`;
  }
  if (chartType !== "PIVOT_TABLE" && dimensions.length > 1)
    return "Only pivot table widgets can have multiple dimensions";
  if (dimensions.length > 2) return "Pivot table widgets can have at most 2 dimensions";
  if (metrics.length > 10) return "Pivot table widgets can have at most 10 metrics";
  return undefined;
}
