import { ValueType } from "@opentelemetry/api";
import type { AggregationTemporality, DataPointType, MetricData, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { z } from "zod";
import { defined } from "../../text/json-fields.js";
import { attributes, time } from "./otlp-values.js";

const integer = z.coerce.number().int();

const point = z
  .object({ attributes, startTimeUnixNano: time, timeUnixNano: time })
  .transform(({ attributes, startTimeUnixNano, timeUnixNano }) => {
    return { attributes, startTime: startTimeUnixNano, endTime: timeUnixNano };
  });

const histogramPoint = z
  .object({
    explicitBounds: z.array(z.number()),
    bucketCounts: z.array(integer),
    count: integer,
    sum: z.number(),
    min: z.number(),
    max: z.number(),
  })
  .transform(({ explicitBounds, bucketCounts, ...value }) => {
    return { value: { ...value, buckets: { boundaries: explicitBounds, counts: bucketCounts } } };
  });

const sumPoint = z.union([
  z.object({ asInt: integer }).transform(({ asInt }) => ({ value: asInt, valueType: ValueType.INT })),
  z.object({ asDouble: z.number() }).transform(({ asDouble }) => ({ value: asDouble, valueType: ValueType.DOUBLE })),
]);

const DELTA = 1;
const temporality = z.literal(DELTA);

const metric = z.object({
  name: z.string(),
  description: z.string(),
  unit: z.string(),
  histogram: z
    .object({ aggregationTemporality: temporality, dataPoints: z.array(z.intersection(point, histogramPoint)) })
    .optional(),
  sum: z
    .object({
      aggregationTemporality: temporality,
      isMonotonic: z.boolean(),
      dataPoints: z.array(z.intersection(point, sumPoint)),
    })
    .optional(),
});

const request = z.object({
  resourceMetrics: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeMetrics: z.array(
        z.object({
          scope: z.object({ name: z.string(), version: z.string().optional() }),
          schemaUrl: z.string().optional(),
          metrics: z.array(metric),
        }),
      ),
    }),
  ),
});

/**
 * An OTLP request with metrics as protobuf, from the JSON that looptrace has written. As `protobufBody`, and for the
 * same reason.
 *
 * @param body an ExportMetricsServiceRequest as JSON
 * @throws {Error} when it is none, or holds values that looptrace itself never writes
 */
export async function protobufMetrics(body: Uint8Array): Promise<Uint8Array> {
  const [{ ProtobufMetricsSerializer }, { resourceFromAttributes }, sdk] = await Promise.all([
    import("@opentelemetry/otlp-transformer"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/sdk-metrics"),
  ]);
  const { resourceMetrics } = request.parse(JSON.parse(new TextDecoder().decode(body)));
  const parts = resourceMetrics.map((group): Uint8Array => {
    const own: ResourceMetrics = {
      resource: resourceFromAttributes(group.resource.attributes),
      scopeMetrics: group.scopeMetrics.map(({ scope: { name, version }, schemaUrl, metrics }) => ({
        scope: { name, ...defined({ version, schemaUrl }) },
        metrics: metrics.map((one) => readable(one, sdk)),
      })),
    };
    const bytes = ProtobufMetricsSerializer.serializeRequest(own);
    if (bytes === undefined) throw new Error("the OTLP serialiser gave no bytes");
    return bytes;
  });
  // A request is a list of groups: those of two requests, one after the other, are one request.
  return Buffer.concat(parts);
}

interface Sdk {
  readonly AggregationTemporality: typeof AggregationTemporality;
  readonly DataPointType: typeof DataPointType;
}

/** The metric as the SDK has it, from which it was written. */
function readable({ name, description, unit, histogram, sum }: z.output<typeof metric>, sdk: Sdk): MetricData {
  const base = { aggregationTemporality: sdk.AggregationTemporality.DELTA };
  const valueType = sum?.dataPoints[0]?.valueType ?? ValueType.DOUBLE;
  const descriptor = { name, description, unit, valueType };
  if (histogram) {
    return { ...base, descriptor, dataPointType: sdk.DataPointType.HISTOGRAM, dataPoints: histogram.dataPoints };
  }
  if (!sum) throw new Error(`the metric ${name} is of no kind that looptrace writes`);
  const { isMonotonic, dataPoints } = sum;
  return { ...base, descriptor, dataPointType: sdk.DataPointType.SUM, isMonotonic, dataPoints };
}
