import { describeDiskFailure } from "../../files/disk-failure.js";
import type { DeliveryContext } from "../delivery-context.js";
import { settingsOf } from "../receipts/fingerprint.js";
import { prepareOutboxFolder } from "./destination-notes.js";
import { isClaimed, putRequest, releaseRequest, removeRequest } from "./outbox.js";
import { bodyWith, pendingCount, pendingKeys, type QueuedRequest } from "./queued-request.js";

/**
 * Brings the disk in line with what became of a request: nothing pending, and its file goes; something pending, and a
 * file with just that stays for the next run.
 *
 * @returns how many items could not be stored
 */
export async function commit(context: DeliveryContext, request: QueuedRequest): Promise<number> {
  const { entry, content } = request;
  const pending = pendingKeys(request);
  try {
    if (entry !== undefined && !isClaimed(entry)) return 0;
    if (pending?.length === 0) {
      if (entry !== undefined) await removeRequest(entry);
      return 0;
    }
    if (entry === undefined && !context.quota.take(content?.body.byteLength ?? 0)) return pendingCount(request);
    const isPartial = content !== undefined && pending !== undefined && pending.length < content.items.size;
    if (entry === undefined || isPartial) await storeRest(context, request);
    if (isClaimed(request.entry)) await releaseRequest(request.entry, bodyOf(request, entry));
    return 0;
  } catch (error) {
    context.problems.add(outboxProblem(context, error));
    if (request.entry === undefined) return pendingCount(request);
    // The whole request is still there; the receipts keep what was taken from being sent again. When even its release
    // fails, the claim lapses with this process.
    if (isClaimed(request.entry)) await releaseRequest(request.entry, bodyOf(request, entry)).catch(() => {});
    return 0;
  }
}

/** What the file holds, where it is still the one of the whole request: what was left of that has a file of its own. */
function bodyOf({ entry, content }: QueuedRequest, before: QueuedRequest["entry"]): Uint8Array | undefined {
  return entry === before ? content?.body : undefined;
}

/** One line for all that goes wrong with the outbox in the same way. */
export function outboxProblem({ paths }: DeliveryContext, error: unknown): string {
  return `the outbox ${paths.outbox} cannot be written (${describeDiskFailure(error)})`;
}

/** The rest first, then the whole: in between both are there, and the receipts sort that out. */
async function storeRest(context: DeliveryContext, request: QueuedRequest): Promise<void> {
  const { content, fingerprint, entry } = request;
  const keys = pendingKeys(request) ?? [];
  if (content === undefined || keys.length === 0) return;
  const folder = await prepareOutboxFolder(context.paths, context.destination);
  const createdMs = entry?.createdMs ?? context.clock.now();
  const keepsLast = content.lastKey !== undefined && keys.includes(content.lastKey);
  const rest = fingerprint && (keepsLast ? fingerprint : settingsOf(fingerprint));
  request.entry = await putRequest(folder, bodyWith(content, keys), keys.length, createdMs, rest, {
    kind: content.kind,
  });
  if (isClaimed(entry)) await removeRequest(entry);
}
