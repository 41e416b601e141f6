import { createHash } from "node:crypto";
import { describeDiskFailure } from "../files/disk-failure.js";
import type { DeliveryContext } from "./delivery-context.js";
import { pickSpans, type SpanRef, spanKey } from "./queue/otlp-body.js";
import type { Content, QueuedRequest } from "./queue/queued-request.js";
import { keepRejected } from "./queue/rejections.js";

/** Keeps refused spans below `rejected/`. Where that fails they stay pending, so that they are not lost. */
export async function setAside(
  context: DeliveryContext,
  request: QueuedRequest,
  spans: readonly SpanRef[],
  reason: string,
): Promise<void> {
  const { content } = request;
  if (content === undefined) return;
  const keys = new Set(spans.map(spanKey));
  if (await keep(context, content, keys, reason)) for (const key of keys) request.rejected.add(key);
}

/** Keeps a copy of spans when the destination dropped some without saying which. */
export async function keepCopy(
  context: DeliveryContext,
  content: Content,
  spans: readonly SpanRef[],
  reason: string,
): Promise<void> {
  await keep(context, content, new Set(spans.map(spanKey)), reason);
}

async function keep(
  context: DeliveryContext,
  content: Content,
  keys: ReadonlySet<string>,
  reason: string,
): Promise<boolean> {
  const body = keys.size === content.spans.size ? content.body : pickSpans(content.body, (key) => keys.has(key));
  // The same spans refused again go by the same name: a run that was killed leaves no second copy.
  const name = createHash("sha256")
    .update([...keys].sort().join())
    .digest("hex")
    .slice(0, 32);
  try {
    const why = { reason, atMs: context.clock.now() };
    await keepRejected(context.paths, context.destination, name, body, why);
    return true;
  } catch (error) {
    context.problems.add(
      `refused spans cannot be kept below ${context.paths.rejected} (${describeDiskFailure(error)})`,
    );
    return false;
  }
}
