import { createHash } from "node:crypto";
import { describeDiskFailure } from "../files/disk-failure.js";
import type { DeliveryContext } from "./delivery-context.js";
import { type SpanRef, spanKey } from "./queue/otlp-body.js";
import { bodyWith, type Content, type QueuedRequest } from "./queue/queued-request.js";
import { keepRejected } from "./queue/rejections.js";

/** Keeps refused spans below `rejected/`. Where that fails they stay pending, so that they are not lost. */
export async function setAside(
  context: DeliveryContext,
  request: QueuedRequest,
  spans: readonly SpanRef[],
  reason: string,
): Promise<void> {
  const { content, rejected } = request;
  if (content && (await keepCopy(context, content, spans, reason)))
    for (const span of spans) rejected.add(spanKey(span));
}

/**
 * Keeps a copy of spans that the destination refused, or dropped without saying which.
 *
 * @returns whether that could be done; else it is told as a problem
 */
export async function keepCopy(
  { clock, destination, paths, problems }: DeliveryContext,
  content: Content,
  spans: readonly SpanRef[],
  reason: string,
): Promise<boolean> {
  // The same spans refused again go by the same name: a run that was killed leaves no second copy.
  const keys = [...new Set(spans.map(spanKey))].sort();
  const name = createHash("sha256").update(keys.join()).digest("hex").slice(0, 32);
  try {
    await keepRejected(paths, destination, name, bodyWith(content, keys), { reason, atMs: clock.now() });
    return true;
  } catch (error) {
    problems.add(`refused spans cannot be kept below ${paths.rejected} (${describeDiskFailure(error)})`);
    return false;
  }
}
