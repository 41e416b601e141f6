import { describeDiskFailure } from "../files/disk-failure.js";
import { type Consignment, spanEdition } from "./queue/consignment.js";
import { type SpanRef, spanKey } from "./queue/otlp-body.js";
import type { SpanEdition } from "./receipts/edition.js";
import { touchReceipts } from "./receipts/prune-receipts.js";
import { addReceipt, NO_RECEIPTS, readReceipts } from "./receipts/receipts.js";
import type { RunContext } from "./run-context.js";

/** What was acknowledged, by this run and, as the receipts say, by earlier ones and other processes. */
export interface Acknowledgements {
  /** Marks those of a request's spans that the destination already has, and those of them that it has in another edition. */
  recall(consignment: Consignment): Promise<void>;
  /** Notes that the destination took spans of a request: in the receipts first. */
  record(consignment: Consignment, spans: readonly SpanRef[]): Promise<void>;
}

export function createAcknowledgements(context: RunContext): Acknowledgements {
  const { clock, destination, paths, problems } = context;
  const inThisRun = new Set<string>();
  return {
    async recall(consignment) {
      const { content, acknowledged, alreadyAcknowledged, rejected } = consignment;
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
          compare(consignment, key, receipts.editions.get(span.spanId));
        }
      }
    },
    async record(consignment, spans) {
      for (const [traceId, group] of byTrace(spans)) {
        try {
          const ids = group.map(({ spanId }) => spanId);
          await addReceipt(paths, destination.id, traceId, ids, editionsOf(consignment, group));
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

function compare(consignment: Consignment, key: string, sent: SpanEdition | undefined): void {
  const now = spanEdition(consignment, key);
  if (sent === undefined || now === undefined) return;
  if (sent.shared !== now.shared) consignment.outdatedShared.add(key);
  if (sent.own !== undefined && now.own !== undefined && sent.own !== now.own)
    consignment.outdatedOwn.add(key);
}

function editionsOf(consignment: Consignment, spans: readonly SpanRef[]): ReadonlyMap<string, SpanEdition> {
  return new Map(
    spans.flatMap((span) => {
      const edition = spanEdition(consignment, spanKey(span));
      return edition === undefined ? [] : [[span.spanId, edition]];
    }),
  );
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
