import { describeDiskFailure } from "../../files/disk-failure.js";
import type { DeliveryContext } from "../delivery-context.js";
import { settingsOf } from "../receipts/fingerprint.js";
import { prepareOutboxFolder } from "./destination-notes.js";
import { pickSpans } from "./otlp-body.js";
import { isClaimed, putRequest, releaseRequest, removeRequest } from "./outbox.js";
import { pendingCount, pendingKeys, type QueuedRequest } from "./queued-request.js";

/**
 * Brings the disk in line with what became of a request: nothing pending, and its file goes; something pending, and a
 * file with just that stays for the next run.
 *
 * @returns how many spans could not be stored
 */
export async function commit(context: DeliveryContext, request: QueuedRequest): Promise<number> {
  const { entry } = request;
  const pending = pendingKeys(request);
  try {
    if (entry !== undefined && !isClaimed(entry)) return 0;
    if (pending?.length === 0) {
      if (entry !== undefined) await removeRequest(entry);
      return 0;
    }
    if (entry === undefined && !context.quota.take(request.content?.body.byteLength ?? 0)) return pendingCount(request);
    if (entry === undefined || isPartial(request, pending)) await storeRest(context, request);
    if (request.entry !== undefined && isClaimed(request.entry)) {
      await releaseRequest(request.entry);
    }
    return 0;
  } catch (error) {
    context.problems.add(outboxProblem(context, error));
    if (request.entry === undefined) return pendingCount(request);
    // The whole request is still there; the receipts keep what was taken from being sent again.
    await releaseClaim(request);
    return 0;
  }
}

/** One line for all that goes wrong with the outbox in the same way. */
export function outboxProblem({ paths }: DeliveryContext, error: unknown): string {
  return `the outbox ${paths.outbox} cannot be written (${describeDiskFailure(error)})`;
}

/** The rest first, then the whole: in between both are there, and the receipts sort that out. */
async function storeRest(context: DeliveryContext, request: QueuedRequest): Promise<void> {
  const { content, fingerprint, entry } = request;
  const keys = new Set(pendingKeys(request));
  if (content === undefined || keys.size === 0) return;
  const folder = await prepareOutboxFolder(context.paths, context.destination);
  const body = keys.size === content.spans.size ? content.body : pickSpans(content.body, (key) => keys.has(key));
  const createdMs = entry?.createdMs ?? context.clock.now();
  const keepsLast = content.lastKey !== undefined && keys.has(content.lastKey);
  const rest = fingerprint && (keepsLast ? fingerprint : settingsOf(fingerprint));
  request.entry = await putRequest(folder, body, keys.size, createdMs, rest);
  if (entry !== undefined && isClaimed(entry)) await removeRequest(entry);
}

async function releaseClaim({ entry }: QueuedRequest): Promise<void> {
  if (entry === undefined || !isClaimed(entry)) return;
  // When even that fails, the claim lapses with this process.
  await releaseRequest(entry).catch(() => {});
}

function isPartial({ content }: QueuedRequest, pending: readonly string[] | undefined): boolean {
  return content !== undefined && pending !== undefined && pending.length < content.spans.size;
}
