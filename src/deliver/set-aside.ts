import { createHash } from "node:crypto";
import { describeDiskFailure } from "../files/disk-failure.js";
import type { DeliveryContext } from "./delivery-context.js";
import { bodyWith, type Content, type QueuedRequest } from "./queue/queued-request.js";
import { keepRejected } from "./queue/rejections.js";
import { FORMATS } from "./queue/request-format.js";
import { type ItemRef, itemKey } from "./queue/request-kind.js";

/** Keeps refused items below `rejected/`. Where that fails they stay pending, so that they are not lost. */
export async function setAside(
  context: DeliveryContext,
  request: QueuedRequest,
  items: readonly ItemRef[],
  reason: string,
): Promise<void> {
  const { content, rejected } = request;
  if (content && (await keepCopy(context, content, items, reason)))
    for (const item of items) rejected.add(itemKey(item));
}

/**
 * Keeps a copy of items that the destination refused, or dropped without saying which.
 *
 * @returns whether that could be done; else it is told as a problem
 */
export async function keepCopy(
  { clock, destination, paths, problems }: DeliveryContext,
  content: Content,
  items: readonly ItemRef[],
  reason: string,
): Promise<boolean> {
  // The same items refused again go by the same name: a run that was killed leaves no second copy.
  const keys = [...new Set(items.map(itemKey))].sort();
  const name = createHash("sha256").update(keys.join()).digest("hex").slice(0, 32);
  try {
    const request = { name, extension: FORMATS[content.kind].extension, body: bodyWith(content, keys) };
    await keepRejected(paths, destination, request, { reason, atMs: clock.now() });
    return true;
  } catch (error) {
    problems.add(`what was refused cannot be kept below ${paths.rejected} (${describeDiskFailure(error)})`);
    return false;
  }
}
