import type { Destination } from "../deliver/destinations/destination.js";
import { readReceipts } from "../deliver/receipts/receipts.js";
import { type StorePaths, storePaths } from "../files/store-paths.js";
import type { LoopTrace } from "../trace/model.js";

/**
 * Whether a turn's spans are sent in pieces, while it runs: then all of them are named by what does not change any more.
 *
 * @param trace with the id that its spans have
 * @param isOpen whether something of it is left for later now
 */
export type SentInPieces = (trace: LoopTrace, isOpen: boolean) => Promise<boolean>;

/** Remembers which were, and asks the receipts what earlier processes have sent. */
export function createSentInPieces(destinations: readonly Destination[], store?: StorePaths): SentInPieces {
  const known = new Set<string>();
  return async ({ traceId, loop }, isOpen) => {
    if (isOpen) known.add(loop.spanId);
    if (known.has(loop.spanId)) return true;
    const paths = store ?? storePaths();
    for (const { shape, id } of destinations) {
      // Only these name a trace on each of its spans.
      if (shape !== "langfuse") continue;
      const { spanIds } = await readReceipts(paths, id, traceId);
      if (!spanIds.has(loop.spanId) && loop.steps.some(({ spanId }) => spanIds.has(spanId))) return true;
    }
    return false;
  };
}
