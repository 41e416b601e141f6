import type { Consignment } from "./consignment.js";
import { describeDiskFailure } from "./disk-failure.js";
import { type SpanRef, spanKey } from "./otlp-body.js";
import { addReceipt, readReceipts } from "./receipts.js";
import type { RunContext } from "./run-context.js";

/** What was acknowledged, by this run and, as the receipts say, by earlier ones and other processes. */
export interface Acknowledgements {
  /** Marks those of a request's spans that the destination already has. */
  recall(consignment: Consignment): Promise<void>;
  /** Notes that the destination took spans of a request: in the receipts first. */
  record(consignment: Consignment, spans: readonly SpanRef[]): Promise<void>;
}

export function createAcknowledgements(context: RunContext): Acknowledgements {
  const { destination, paths, problems } = context;
  const inThisRun = new Set<string>();
  return {
    async recall(consignment) {
      const { content, acknowledged, alreadyAcknowledged, rejected } = consignment;
      for (const [traceId, spans] of byTrace([...(content?.spans.values() ?? [])])) {
        const receipts = context.force
          ? { spanIds: new Set<string>(), problems: [] }
          : await readReceipts(paths, destination.id, traceId);
        for (const problem of receipts.problems) problems.add(problem);
        for (const span of spans) {
          const key = spanKey(span);
          // A span that was set aside here, and then taken with another request, is counted once in each.
          if (acknowledged.has(key) || rejected.has(key)) continue;
          if (receipts.spanIds.has(span.spanId) || inThisRun.has(key)) alreadyAcknowledged.add(key);
        }
      }
    },
    async record(consignment, spans) {
      for (const [traceId, group] of byTrace(spans)) {
        try {
          const ids = group.map(({ spanId }) => spanId);
          await addReceipt(paths, destination.id, traceId, ids);
        } catch (error) {
          problems.add(
            `receipts cannot be written below ${paths.sent} (${describeDiskFailure(error)}); what was delivered now may be sent again`,
          );
        }
      }
      for (const span of spans) {
        const key = spanKey(span);
        inThisRun.add(key);
        consignment.acknowledged.add(key);
      }
    },
  };
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
