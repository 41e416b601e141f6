import { createAcknowledgements } from "./acknowledge.js";
import { deliverLane } from "./deliver-lane.js";
import type { DeliveryContext } from "./delivery-context.js";
import type { DestinationReport, ItemCounts } from "./delivery-report.js";
import { destinationInfo } from "./destinations/destination.js";
import { createLease } from "./lease.js";
import { commit } from "./queue/commit.js";
import { noteLastError } from "./queue/destination-notes.js";
import { pendingCount, type QueuedRequest } from "./queue/queued-request.js";
import { REQUEST_KINDS, type RequestKind } from "./queue/request-kind.js";

/**
 * Delivers requests to one destination, kind by kind, so that what is referred to comes first. Each kind is by itself:
 * a Langfuse that takes no file goes on taking spans. Only where it is not reached, or the keys are refused, the other
 * kinds wait too.
 *
 * @param settleStored makes the requests' files outlive a crash of the machine; never fails
 */
export async function deliverRequests(
  context: DeliveryContext,
  queued: readonly QueuedRequest[],
  settleStored: () => Promise<void> = () => Promise.resolve(),
): Promise<DestinationReport> {
  const { destination, clock, signal, onProgress } = context;
  const info = destinationInfo(destination);
  const acknowledgements = createAcknowledgements(context);
  const lease = createLease(context, () => onProgress({ kind: "queued", destination: info }));
  /** Those that no other process has taken meanwhile. */
  const own = new Set(queued);
  let { storeOnly } = context;
  const errors: { readonly kind: RequestKind; readonly lastError: string }[] = [];
  for (const kind of REQUEST_KINDS) {
    const some = queued.filter((request) => request.kind === kind);
    if (some.length === 0) continue;
    const lane = { kind, queued: some, own, acknowledgements, lease };
    const { lastError, isAway } = await deliverLane({ ...context, storeOnly }, lane);
    storeOnly ||= isAway;
    if (lastError !== undefined) errors.push({ kind, lastError });
  }

  await Promise.all([settleStored(), acknowledgements.settle()]);
  const unsaved = new Map<RequestKind, number>();
  for (const request of own) {
    if (pendingCount(request) === 0) continue;
    unsaved.set(request.kind, (unsaved.get(request.kind) ?? 0) + (await commit(context, request)));
  }
  const counts = new Map(REQUEST_KINDS.map((kind) => [kind, countKind(kind, own, unsaved.get(kind) ?? 0)]));
  const isOpen = (kind: RequestKind): boolean => {
    const { pending = 0, rejected = 0 } = counts.get(kind) ?? {};
    return pending + rejected > 0;
  };
  const isWaiting = [...counts.values()].some(({ pending }) => pending > 0);
  let lastError = errors.find(({ kind }) => isOpen(kind))?.lastError;
  if (isWaiting && lastError === undefined && !context.storeOnly) {
    lastError = signal?.aborted ? "interrupted" : "the time for delivery ran out";
  }
  // A note for `outboxStatus`; where it cannot be written, the problems already say so.
  const note = lastError === undefined ? undefined : { message: lastError, atMs: clock.now() };
  if (!context.storeOnly) await noteLastError(context.paths, destination.id, note).catch(() => {});
  const { traces, ...beside } = Object.fromEntries(
    [...counts].filter(([kind]) => kind === "traces" || queued.some((request) => request.kind === kind)),
  );
  return {
    destination: info,
    acknowledged: traces?.acknowledged ?? 0,
    alreadyAcknowledged: traces?.alreadyAcknowledged ?? 0,
    outdated: outdatedOf(own),
    pending: { spans: traces?.pending ?? 0, ...waitingRequests(own), unsavedSpans: traces?.unsaved ?? 0 },
    rejected: traces?.rejected ?? 0,
    beside,
    lastError,
    problems: [...context.problems],
  };
}

function countKind(kind: RequestKind, requests: Iterable<QueuedRequest>, unsaved: number): ItemCounts {
  const counts = { acknowledged: 0, alreadyAcknowledged: 0, pending: 0, unsaved, rejected: 0 };
  for (const request of requests) {
    if (request.kind !== kind) continue;
    counts.acknowledged += request.acknowledged.size - request.dropped;
    counts.alreadyAcknowledged += request.alreadyAcknowledged.size;
    counts.pending += pendingCount(request);
    counts.rejected += request.rejected.size + request.dropped;
  }
  return counts;
}

function outdatedOf(requests: Iterable<QueuedRequest>): DestinationReport["outdated"] {
  const outdated = { settings: 0, content: 0 };
  for (const { otherSettings, otherProgress } of requests) {
    outdated.settings += otherSettings.size;
    outdated.content += otherProgress.size;
  }
  return outdated;
}

function waitingRequests(requests: Iterable<QueuedRequest>): { readonly requests: number } {
  return { requests: [...requests].filter((request) => pendingCount(request) > 0).length };
}
