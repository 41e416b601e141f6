import type { DestinationReport } from "../deliver/delivery-report.js";
import { deliverTraces } from "../export/deliver-traces.js";
import { type TraceLink, traceLinks } from "../export/trace-links.js";
import type { Clock } from "../files/clock.js";
import { type StorePaths, storePaths } from "../files/store-paths.js";
import type { TraceOptions } from "../otel/options.js";
import type { LoopTrace } from "../trace/model.js";
import type { TaskRunnerOptions } from "./task-options.js";
import type { TaskDelivery } from "./task-result.js";

/** A destination that did not take everything is left alone for so long; meanwhile what is for it goes to the outbox. */
const HOLD_MS = 30_000;

/** Where the traces of a task are, and how to look at them. */
export interface Delivered {
  readonly delivery: readonly TaskDelivery[];
  readonly linkTo: TraceLink;
}

/** Delivers the traces of many tasks: none waits long for a destination that has just kept another one waiting. */
export function taskDelivery(
  { defaults = {}, destinations = [], outboxLimitBytes }: TaskRunnerOptions,
  clock: Clock,
): (traces: readonly LoopTrace[], trace: TraceOptions) => Promise<Delivered> {
  const paths: StorePaths = defaults.store ?? storePaths(defaults.environment);
  const heldUntil = new Map<string, number>();
  let links: Promise<TraceLink> | undefined;
  return async (traces, trace) => {
    const hold = new Set([...heldUntil].flatMap(([id, until]) => (until > clock.now() ? [id] : [])));
    const reports = await deliverTraces(traces, destinations, trace, {
      paths,
      masking: defaults.masking,
      outboxLimitBytes,
      hold,
    });
    for (const { destination, pending } of reports) {
      if (hold.has(destination.id)) continue;
      if (pending.spans > 0) heldUntil.set(destination.id, clock.now() + HOLD_MS);
      else heldUntil.delete(destination.id);
    }
    // Which project the keys are of is asked once.
    if (reports.some((one) => one.acknowledged + one.alreadyAcknowledged > 0))
      links ??= traceLinks(destinations, trace, reports);
    return { delivery: reports.map(deliveryOf), linkTo: (await links) ?? (() => undefined) };
  };
}

function deliveryOf(report: DestinationReport): TaskDelivery {
  const { destination, acknowledged, alreadyAcknowledged, pending, rejected, lastError } = report;
  return {
    destination: destination.label,
    acknowledged: acknowledged + alreadyAcknowledged,
    pending: pending.spans,
    unsaved: pending.unsavedSpans,
    rejected,
    lastError: lastError ?? null,
  };
}
