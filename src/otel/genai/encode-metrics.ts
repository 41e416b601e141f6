import { ValueType } from "@opentelemetry/api";
import { JsonMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from "@opentelemetry/sdk-metrics";
import { z } from "zod";
import type { LoopTrace } from "../../trace/model.js";
import { cleanAttributes } from "../clean-value.js";
import { hrTime } from "../hr-time.js";
import type { TraceOptions } from "../options.js";
import { traceResource } from "../trace-resource.js";
import { type MetricName, metrics, resourceNames } from "./conventions.js";
import { genaiProfile } from "./genai-profile.js";
import { type Measure, turnMeasures } from "./turn-measures.js";

/** What is sent of a turn's metrics, once. */
export interface TurnMetrics {
  /** Of the turn's spans. */
  readonly traceId: string;
  /** The turn's own. */
  readonly id: string;
  /** As OTLP/JSON has them. */
  readonly resourceMetrics: readonly unknown[];
}

const written = z.object({ resourceMetrics: z.array(z.unknown()) });

/** Names in metrics are names, no texts: what is longer than this is none. */
const LONGEST_NAME = 256;

/**
 * What a turn adds to metrics, from its start to its end: delta histograms and sums. The same turn gives the same
 * bytes.
 *
 * Deltas of one series must not overlap, but turns do: therefore each is an instance of the service, unless the caller
 * names one.
 */
export function encodeMetrics(trace: LoopTrace, options: TraceOptions = {}): TurnMetrics {
  const { loop } = trace;
  const at = { startTime: hrTime(loop.start), endTime: hrTime(Math.max(loop.start, loop.end)) };
  const { scope } = genaiProfile;
  const body = JsonMetricsSerializer.serializeRequest({
    resource: resourceFromAttributes(
      traceResource(options, {
        [resourceNames.instance]: instanceOf(trace.traceId),
        ...genaiProfile.resource(options),
      }),
    ),
    scopeMetrics: [{ scope, metrics: [...byMetric(turnMeasures(trace))].map(([name, own]) => dataOf(name, own, at)) }],
  });
  const { resourceMetrics } = written.parse(JSON.parse(new TextDecoder().decode(body)));
  return { traceId: options.parent?.traceId ?? trace.traceId, id: loop.spanId, resourceMetrics };
}

type Extent = Pick<DataPoint<unknown>, "startTime" | "endTime">;

function byMetric(measures: readonly Measure[]): ReadonlyMap<MetricName, readonly Measure[]> {
  return groups(measures, ({ metric }) => metric);
}

function dataOf(name: MetricName, measures: readonly Measure[], at: Extent): MetricData {
  const { unit, description, ...instrument } = metrics[name];
  const isWhole = "isWhole" in instrument;
  const descriptor = {
    name: instrument.name,
    unit,
    description,
    valueType: isWhole ? ValueType.INT : ValueType.DOUBLE,
  };
  const base = { descriptor, aggregationTemporality: AggregationTemporality.DELTA };
  const points = [...groups(measures, ({ attributes }) => JSON.stringify(Object.entries(attributes).sort())).values()];
  const point = <Value>(own: readonly Measure[], value: Value): DataPoint<Value> => {
    return { ...at, attributes: cleanAttributes(own[0]?.attributes ?? {}, LONGEST_NAME), value };
  };
  if ("boundaries" in instrument) {
    const dataPoints = points.map((own) => point(own, histogram(own, instrument.boundaries)));
    return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = points.map((own) => point(own, sum(own)));
  return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
}

function histogram(measures: readonly Measure[], boundaries: readonly number[]): Histogram {
  const values = measures.map(({ value }) => value);
  const counts = Array.from({ length: boundaries.length + 1 }, () => 0);
  for (const value of values) {
    const bucket = boundaries.findIndex((bound) => value <= bound);
    const at = bucket < 0 ? boundaries.length : bucket;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return {
    buckets: { boundaries: [...boundaries], counts },
    sum: sum(measures),
    count: values.length,
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

function sum(measures: readonly Measure[]): number {
  return measures.reduce((total, { value }) => total + value, 0);
}

function groups<Key, Item>(items: readonly Item[], keyOf: (item: Item) => Key): ReadonlyMap<Key, readonly Item[]> {
  const found = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = found.get(key);
    if (group) group.push(item);
    else found.set(key, [item]);
  }
  return found;
}

/** A trace's id as a UUID, which instances' ids are to be. */
function instanceOf(traceId: string): string {
  return traceId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
