import type { DestinationReport } from "../deliver/delivery-report.js";
import type { Destination } from "../deliver/destinations/destination.js";
import { langfuseTracesUrl } from "../deliver/destinations/langfuse-project.js";
import type { TraceOptions } from "../otel/options.js";
import type { LoopTrace } from "../trace/model.js";

/** The address where a person can look at a trace; undefined where there is none to know. */
export type TraceLink = (trace: Pick<LoopTrace, "traceId">) => string | undefined;

/** Finds out, once for all traces, how the first Langfuse that took spans is to be linked to. Never throws. */
export async function traceLinks(
  destinations: readonly Destination[],
  options: TraceOptions,
  reports: readonly DestinationReport[],
): Promise<TraceLink> {
  for (const destination of destinations) {
    const report = reports.find((one) => one.destination.id === destination.id);
    if (!report || report.acknowledged + report.alreadyAcknowledged === 0) continue;
    const base = await langfuseTracesUrl(destination);
    if (base !== undefined) return ({ traceId }) => `${base}/${options.parent?.traceId ?? traceId}`;
  }
  return () => undefined;
}

/** The addresses by trace id, for traces that have one. */
export function urlsOf(traces: readonly LoopTrace[], linkTo: TraceLink): Readonly<Record<string, string>> {
  return Object.fromEntries(
    traces.flatMap((trace) => {
      const link = linkTo(trace);
      return link === undefined ? [] : [[trace.traceId, link]];
    }),
  );
}
