import { z } from "zod";
import { fieldsOf } from "../../text/json-fields.js";
import type { ItemRef } from "./request-kind.js";
import type { OtherRequest } from "./request-to-deliver.js";

/** Metrics that are sent once. */
export interface MetricsItem {
  /** The trace that they were taken of. */
  readonly traceId: string;
  /** Tells them from others of the trace. */
  readonly id: string;
  /** OTLP's ResourceMetrics as JSON; what is sent holds those of several items, one after the other. */
  readonly resourceMetrics: readonly unknown[];
}

const stored = z.looseObject({
  items: z.array(z.object({ traceId: z.string(), id: z.string(), resourceMetrics: z.array(z.unknown()) })),
});

/** A request of the outbox that sends metrics by OTLP. The same items give the same bytes. */
export function metricsRequest(items: readonly MetricsItem[]): OtherRequest {
  const body = new TextEncoder().encode(
    JSON.stringify({ items: items.map(({ traceId, id, resourceMetrics }) => ({ traceId, id, resourceMetrics })) }),
  );
  return { kind: "metrics", body, items: items.map(itemOf) };
}

/** @throws {Error} when the bytes are no such request */
export function metricsIn(body: Uint8Array): readonly ItemRef[] {
  return parse(body).items.map(itemOf);
}

/** @throws {Error} when the bytes are no such request */
export function pickMetrics(body: Uint8Array, keep: (item: ItemRef) => boolean): Uint8Array {
  const items = parse(body).items.filter((item) => keep(itemOf(item)));
  return new TextEncoder().encode(JSON.stringify({ items }));
}

/**
 * An ExportMetricsServiceRequest as JSON: what a destination is sent.
 *
 * @param body as it lies in the outbox
 * @throws {Error} when the bytes are no such request
 */
export function metricsOnWire(body: Uint8Array): Uint8Array {
  const resourceMetrics = parse(body).items.flatMap((item) => item.resourceMetrics);
  return new TextEncoder().encode(JSON.stringify({ resourceMetrics }));
}

const onWire = z.object({
  resourceMetrics: z.array(
    z.looseObject({ scopeMetrics: z.array(z.looseObject({ metrics: z.array(z.record(z.string(), z.unknown())) })) }),
  ),
});

/** How many data points an ExportMetricsServiceRequest holds; undefined where it is none. */
export function dataPointsIn(request: Uint8Array): number | undefined {
  const { data } = onWire.safeParse(JSON.parse(new TextDecoder().decode(request)));
  return data?.resourceMetrics
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics.flatMap(Object.values)))
    .reduce<number>((sum, value) => {
      const { dataPoints } = fieldsOf(value);
      return sum + (Array.isArray(dataPoints) ? dataPoints.length : 0);
    }, 0);
}

function itemOf({ traceId, id }: { readonly traceId: string; readonly id: string }): ItemRef {
  return { group: traceId, id: `metric:${id}` };
}

function parse(body: Uint8Array): z.output<typeof stored> {
  return stored.parse(JSON.parse(new TextDecoder().decode(body)));
}
