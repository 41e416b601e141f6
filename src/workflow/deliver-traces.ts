import { type DeliverOptions, deliver } from "../deliver/deliver.js";
import type { DestinationReport } from "../deliver/delivery-report.js";
import type { Destination } from "../deliver/destination.js";
import type { TraceOptions } from "../otel/options.js";
import type { LoopTrace } from "../trace/model.js";

/**
 * Sends traces to all destinations: what a destination has acknowledged earlier is not sent to it again, what cannot be
 * delivered now waits in the outbox.
 *
 * @param traces as `traceSession` computes them
 * @param destinations as `resolveDestinations` finds them; with none nothing is sent and the result is empty
 * @returns a report for each destination, in their order; every span is acknowledged, pending or rejected
 */
export async function deliverTraces(
  traces: readonly LoopTrace[],
  destinations: readonly Destination[],
  traceOptions: TraceOptions = {},
  options: DeliverOptions = {},
): Promise<readonly DestinationReport[]> {
  if (destinations.length === 0 || traces.length === 0) return [];
  // The OTel packages take longer to load than most commands take to run.
  const { encodeTrace } = await import("../otel/encode-trace.js");
  const requests = traces.flatMap((trace) => [...encodeTrace(trace, traceOptions)]);
  return deliver(requests, destinations, options);
}
