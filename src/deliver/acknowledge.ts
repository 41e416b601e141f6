import { describeDiskFailure } from "../files/disk-failure.js";
import type { DeliveryContext } from "./delivery-context.js";
import { type SpanRef, spanKey } from "./queue/otlp-body.js";
import type { QueuedRequest } from "./queue/queued-request.js";
import { differences, type Fingerprint, settingsOf } from "./receipts/fingerprint.js";
import { touchReceipts } from "./receipts/prune-receipts.js";
import { addReceipt, NO_RECEIPTS, readReceipts } from "./receipts/receipts.js";

/** What was acknowledged, by this run and, as the receipts say, by earlier ones and other processes. */
export interface Acknowledgements {
  /** Marks the spans of a request that the destination already has, and those of them that would look different now. */
  recall(request: QueuedRequest): Promise<void>;
  /** Notes that the destination took spans of a request: in the receipts first. */
  record(request: QueuedRequest, spans: readonly SpanRef[]): Promise<void>;
}

export function createAcknowledgements(context: DeliveryContext): Acknowledgements {
  const { clock, destination, paths, problems } = context;
  const inThisRun = new Set<string>();
  return {
    async recall(request) {
      const { content, acknowledged, alreadyAcknowledged, rejected } = request;
      for (const [traceId, spans] of byTrace([...(content?.spans.values() ?? [])])) {
        const receipts = context.force ? NO_RECEIPTS : await readReceipts(paths, destination.id, traceId);
        for (const problem of receipts.problems) problems.add(problem);
        if (receipts.spanIds.size > 0) await touchReceipts(paths, destination.id, traceId, clock);
        for (const span of spans) {
          const key = spanKey(span);
          // A span that was set aside here, and then taken with another request, is counted once in each.
          if (acknowledged.has(key) || rejected.has(key)) continue;
          if (inThisRun.has(key)) alreadyAcknowledged.add(key);
          if (!receipts.spanIds.has(span.spanId)) continue;
          alreadyAcknowledged.add(key);
          compare(request, key, receipts.fingerprints.get(span.spanId));
        }
      }
    },
    async record(request, spans) {
      for (const [traceId, group] of byTrace(spans)) {
        try {
          const ids = group.map(({ spanId }) => spanId);
          await addReceipt(paths, destination.id, traceId, ids, fingerprintOf(request, group));
        } catch (error) {
          problems.add(
            `receipts cannot be written below ${paths.sent} (${describeDiskFailure(error)}); what was delivered now may be sent again`,
          );
        }
      }
      for (const span of spans) {
        const key = spanKey(span);
        inThisRun.add(key);
        request.acknowledged.add(key);
      }
    },
  };
}

function compare({ fingerprint, content, ...request }: QueuedRequest, key: string, sent?: Fingerprint): void {
  if (sent === undefined || fingerprint === undefined) return;
  const { settings, progress } = differences(sent, fingerprint);
  if (settings) request.otherSettings.add(key);
  if (progress && key === content?.lastKey) request.otherProgress.add(key);
}

/** How far the turn came is told by its root alone, the last span of a request. */
function fingerprintOf({ fingerprint, content }: QueuedRequest, spans: readonly SpanRef[]) {
  if (fingerprint === undefined) return undefined;
  return spans.some((span) => spanKey(span) === content?.lastKey) ? fingerprint : settingsOf(fingerprint);
}

function byTrace(spans: readonly SpanRef[]): ReadonlyMap<string, readonly SpanRef[]> {
  const groups = new Map<string, SpanRef[]>();
  for (const span of spans) {
    const group = groups.get(span.traceId);
    if (group) group.push(span);
    else groups.set(span.traceId, [span]);
  }
  return groups;
}
