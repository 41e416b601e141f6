import type { DestinationReport } from "../deliver/delivery-report.js";
import type { Destination } from "../deliver/destination.js";
import { langfuseTracesUrl } from "../deliver/langfuse-project.js";
import type { TraceOptions } from "../otel/options.js";
import type { LoopTrace } from "../trace/model.js";

/**
 * Where a person can look at the traces.
 *
 * @returns addresses by the trace's own id, of the first Langfuse that took spans; empty where there is none to know
 */
export async function traceUrls(
  traces: readonly LoopTrace[],
  destinations: readonly Destination[],
  options: TraceOptions,
  reports: readonly DestinationReport[],
): Promise<Readonly<Record<string, string>>> {
  for (const destination of destinations) {
    const report = reports.find((one) => one.destination.id === destination.id);
    if (!report || report.acknowledged + report.alreadyAcknowledged === 0) continue;
    const base = await langfuseTracesUrl(destination);
    if (base === undefined) continue;
    return Object.fromEntries(
      traces.map(({ traceId }) => [traceId, `${base}/${options.parent?.traceId ?? traceId}`]),
    );
  }
  return {};
}
