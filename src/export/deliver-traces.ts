import { type DeliverOptions, deliver } from "../deliver/deliver.js";
import type { DestinationReport } from "../deliver/delivery-report.js";
import type { Destination } from "../deliver/destinations/destination.js";
import { systemClock } from "../files/clock.js";
import type { Masking } from "../masking/mask.js";
import { maskRest } from "../masking/masked.js";
import type { TraceOptions } from "../otel/options.js";
import { lastMomentOfLoop } from "../trace/extent.js";
import type { LoopTrace } from "../trace/model.js";
import { openSpanIds, runningSpanIds } from "../trace/open-spans.js";
import { traceFingerprint } from "./trace-fingerprint.js";

/** How traces are delivered, and what is masked in them. */
export interface DeliverTracesOptions extends DeliverOptions {
  /**
   * What is masked beside the destinations' own keys, which always are; by default tokens of well-known shapes and the
   * values of those environment variables that are called like secrets.
   */
  readonly masking?: Masking | undefined;
  /**
   * Whether the turns are known to be at work, or known not to be: then all that is not closed for good is left out, or
   * nothing is. By default it is what they look like that counts.
   */
  readonly atWork?: boolean | undefined;
}

/** A turn that was last seen longer ago than this has ended, whatever is left open in it. */
const STILL_AT_WORK_MS = 3_600_000;

/**
 * What of a trace is not to be sent yet: what a turn that is perhaps still at work has left open. Its other spans are
 * as they will always be.
 *
 * @param now ms since the epoch
 */
export function notYetToSend(trace: LoopTrace, now: number): ReadonlySet<string> {
  return now - lastMomentOfLoop(trace.loop) > STILL_AT_WORK_MS ? new Set() : openSpanIds(trace);
}

/**
 * Sends traces to all destinations: what a destination has acknowledged earlier is not sent to it again, what cannot be
 * delivered now waits in the outbox. Of a turn that may still be at work only what has ended is sent, unless `force` is
 * set. Secrets are masked wherever the traces hold them, before anything is written or sent.
 *
 * @param traces as `traceSession` computes them
 * @param destinations as `resolveDestinations` finds them; with none nothing is sent and the result is empty
 * @returns a report for each destination, in their order; every span is acknowledged, pending or rejected
 */
export async function deliverTraces(
  traces: readonly LoopTrace[],
  destinations: readonly Destination[],
  traceOptions: TraceOptions = {},
  { masking, atWork, ...options }: DeliverTracesOptions = {},
): Promise<readonly DestinationReport[]> {
  if (destinations.length === 0 || traces.length === 0) return [];
  // The OTel packages take longer to load than most commands take to run.
  const { encodeTrace } = await import("../otel/encode-trace.js");
  const now = (options.clock ?? systemClock).now();
  const masked = await maskRest(traces, traceOptions, withKeys(masking, destinations));
  const requests = masked.values.flatMap((trace) => {
    const leaveOut = options.force ? new Set<string>() : openIn(trace, atWork, now);
    const { settings, whole } = traceFingerprint(trace, traceOptions);
    return [...encodeTrace(trace, masked.beside, { leaveOut })].map((request) => {
      const hasRoot = request.spanIds.at(-1) === trace.loop.spanId;
      return { ...request, fingerprint: hasRoot ? whole : settings };
    });
  });
  return deliver(requests, destinations, options);
}

function openIn(trace: LoopTrace, atWork: boolean | undefined, now: number): ReadonlySet<string> {
  if (atWork === undefined) return notYetToSend(trace, now);
  return atWork ? runningSpanIds(trace) : new Set();
}

/** The keys with which something is sent are never meant to be sent themselves. */
function withKeys(masking: Masking | undefined, destinations: readonly Destination[]): Masking {
  const keys = destinations.flatMap(({ secrets }) => secrets);
  if (masking === false) return { environment: {}, knownShapes: false, secrets: keys };
  return { ...masking, secrets: [...(masking?.secrets ?? []), ...keys] };
}
