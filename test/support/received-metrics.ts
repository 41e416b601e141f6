import { z } from "zod";

const attributes = z
  .array(z.object({ key: z.string(), value: z.object({ stringValue: z.string() }) }))
  .transform((pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, value.stringValue])));

const whole = z.union([z.number().int(), z.string().regex(/^\d+$/)]).transform(Number);
const time = z.string().regex(/^\d+$/);
const point = z.object({ attributes, startTimeUnixNano: time, timeUnixNano: time });

const histogram = z.object({
  aggregationTemporality: z.literal(1),
  dataPoints: z.array(
    point
      .extend({
        count: whole,
        sum: z.number(),
        min: z.number(),
        max: z.number(),
        bucketCounts: z.array(whole),
        explicitBounds: z.array(z.number()),
      })
      .refine(({ bucketCounts, explicitBounds }) => bucketCounts.length === explicitBounds.length + 1)
      .refine(({ bucketCounts, count }) => bucketCounts.reduce((sum, one) => sum + one, 0) === count),
  ),
});

const sum = z.object({
  aggregationTemporality: z.literal(1),
  isMonotonic: z.literal(true),
  dataPoints: z.array(point.extend({ asInt: whole.optional(), asDouble: z.number().optional() })),
});

const request = z.object({
  resourceMetrics: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeMetrics: z.array(
        z.object({
          scope: z.object({ name: z.string(), version: z.string() }),
          metrics: z.array(
            z.object({
              name: z.string(),
              unit: z.string(),
              description: z.string(),
              histogram: histogram.optional(),
              sum: sum.optional(),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** A data point as it came over the wire. */
export interface ReceivedPoint {
  readonly metric: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** A sum's value, or the sum of a histogram's. */
  readonly sum: number;
  /** How many values it is made of; 1 of a sum. */
  readonly count: number;
  readonly resource: Readonly<Record<string, string>>;
  readonly scope: { readonly name: string; readonly version: string };
  /** Decimal nanoseconds since the epoch. */
  readonly start: string;
  readonly end: string;
}

/** Flattens an ExportMetricsServiceRequest. @throws when it is none, or holds what is no delta */
export function readPoints(json: unknown): readonly ReceivedPoint[] {
  return request.parse(json).resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ scope, metrics }) =>
      metrics.flatMap(({ name, unit, histogram, sum }) => {
        const about = { metric: name, unit, resource: resource.attributes, scope };
        const times = (one: z.output<typeof point>) => {
          return { attributes: one.attributes, start: one.startTimeUnixNano, end: one.timeUnixNano };
        };
        return [
          ...(histogram?.dataPoints ?? []).map((one) => ({ ...about, ...times(one), sum: one.sum, count: one.count })),
          ...(sum?.dataPoints ?? []).map((one) => {
            return { ...about, ...times(one), sum: one.asInt ?? one.asDouble ?? Number.NaN, count: 1 };
          }),
        ];
      }),
    ),
  );
}

/** What the points of a metric add up to, with these attributes. */
export function totalOf(points: readonly ReceivedPoint[], metric: string, wanted: Record<string, string> = {}): number {
  return points
    .filter((point) => point.metric === metric)
    .filter(({ attributes }) => Object.entries(wanted).every(([name, value]) => attributes[name] === value))
    .reduce((sum, point) => sum + point.sum, 0);
}
