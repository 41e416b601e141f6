import { syncFile, syncFolder } from "../files/private-files.js";
import type { DeliveryContext } from "./delivery-context.js";
import { takes } from "./destinations/places.js";
import { outboxProblem } from "./queue/commit.js";
import { prepareOutboxFolder } from "./queue/destination-notes.js";
import {
  claimRequest,
  digestLater,
  digestOf,
  entryPath,
  isClaimed,
  listRequests,
  nextSerial,
  type OutboxEntry,
  putRequest,
  removeRequest,
} from "./queue/outbox.js";
import {
  createContent,
  letGoOfStored,
  pendingCount,
  type QueuedRequest,
  queuedRequest,
} from "./queue/queued-request.js";
import { type ItemRef, idsByGroup, type RequestKind } from "./queue/request-kind.js";
import { itemsOf, kindOf, type RequestToDeliver } from "./queue/request-to-deliver.js";
import type { Fingerprint } from "./receipts/fingerprint.js";
import { forgetReceipts, makeReceiptsLast, readReceipts } from "./receipts/receipts.js";

/** Requests that are stored at once: the disk has more to do, but not everything at the same time. */
const STORED_AT_ONCE = 4;
/** Half of the threads that Node.js has for the disk: those that send read and write too. */
const SYNCED_AT_ONCE = 2;

/** What is sent within this time is not synced. */
const SYNCED_AFTER_MS = 100;

/** What need not be read back when it is sent; the rest is in the files, as memory is not for whole sessions. */
const MOST_BYTES_IN_MEMORY = 16 * 1024 * 1024;

/** What a delivery has to send. */
export interface StoredRequests {
  readonly queued: QueuedRequest[];
  /**
   * Settles when what is still pending outlives a crash of the machine too, for which this is called when nothing more
   * is sent. A request that could not be made to goes on in memory. Never fails.
   */
  readonly settle: () => Promise<void>;
}

/**
 * Stores the requests; one that cannot be stored goes on in memory. Those that have nothing to send are not stored, and
 * one that waits there already, of an earlier delivery that failed, is taken up instead.
 *
 * All are written before anything is sent, so that a kill loses nothing. Disks take their time to make that last. It is
 * begun soon, beside the sending; most have arrived by then, and need not be written to the disk at all.
 */
export async function storeRequests(
  context: DeliveryContext,
  requests: Iterable<RequestToDeliver>,
): Promise<StoredRequests> {
  const { destination, paths, problems } = context;
  const folder = await prepareOutboxFolder(paths, destination).catch((error: unknown) => {
    problems.add(outboxProblem(context, error));
    return undefined;
  });
  const waiting = folder === undefined ? new Map<string, OutboxEntry>() : await waitingIn(folder);
  const isSent = context.force ? async () => false : sentBefore(context);
  const storing = new Set<Promise<unknown>>();
  const stored: Promise<QueuedRequest>[] = [];
  let inMemory = 0;
  try {
    for (const request of requests) {
      if (!takes(destination, kindOf(request))) continue;
      if (context.force) await forget(context, itemsOf(request));
      const one = storeOne(context, request, folder, waiting, isSent);
      stored.push(one);
      // What fails is told below; here it is only over.
      const over = one.then(
        (queued) => {
          inMemory += request.body.byteLength;
          if (inMemory > MOST_BYTES_IN_MEMORY && letGoOfStored(queued)) inMemory -= request.body.byteLength;
        },
        () => undefined,
      );
      storing.add(over);
      void over.then(() => storing.delete(over));
      if (storing.size >= STORED_AT_ONCE) await Promise.race(storing);
    }
  } finally {
    await Promise.all(storing);
  }
  const queued = await Promise.all(stored);
  let lasting: Promise<void> | undefined;
  const settle = (): Promise<void> => {
    clearTimeout(timer);
    lasting ??= folder === undefined ? Promise.resolve() : makeLast(context, folder, queued);
    return lasting;
  };
  const timer = setTimeout(settle, SYNCED_AFTER_MS).unref();
  return { queued, settle };
}

async function storeOne(
  context: DeliveryContext,
  request: RequestToDeliver,
  folder: string | undefined,
  waiting: ReadonlyMap<string, OutboxEntry>,
  isSent: (items: readonly ItemRef[]) => Promise<boolean>,
): Promise<QueuedRequest> {
  const { clock, problems, quota } = context;
  const { body } = request;
  const kind = kindOf(request);
  const fingerprint = "fingerprint" in request ? request.fingerprint : undefined;
  const items = itemsOf(request);
  // Taken before anything is waited for: files are in the order of the requests.
  const [serial, createdMs] = [nextSerial(), clock.now()];
  const content = createContent(kind, body, items);
  const { size } = content.items;
  const queued = (entry?: OutboxEntry): QueuedRequest => queuedRequest(kind, entry, content, size, fingerprint);
  if (folder === undefined || (await isSent(items))) return queued();
  try {
    // What stays for certain, or may be there already, is looked at now.
    const digest = context.storeOnly || waiting.size > 0 ? digestOf(body) : digestLater();
    const known = waiting.get(likeness(kind, digest, fingerprint));
    const claimed = known && (await claimRequest(known));
    if (claimed || !quota.take(body.byteLength)) return queued(claimed);
    return queued(
      await putRequest(folder, body, size, createdMs, fingerprint, { kind, lasting: false, digest, serial }),
    );
  } catch (error) {
    problems.add(outboxProblem(context, error));
    return queued();
  }
}

/** Without this, what a killed run leaves in the outbox would count as sent already. */
async function forget(context: DeliveryContext, items: readonly ItemRef[]): Promise<void> {
  const { destination, paths, problems } = context;
  for (const [group, ids] of idsByGroup(items)) {
    const { spanIds: sent } = await readReceipts(paths, destination.id, group);
    const known = ids.filter((id) => sent.has(id));
    if (known.length === 0) continue;
    try {
      await makeReceiptsLast([await forgetReceipts(paths, destination.id, group, known)]);
    } catch (error) {
      problems.add(outboxProblem(context, error));
    }
  }
}

/** What no process is delivering, by its content. */
async function waitingIn(folder: string): Promise<ReadonlyMap<string, OutboxEntry>> {
  const entries = await listRequests(folder).catch(() => []);
  return new Map(
    entries
      .filter((entry) => !isClaimed(entry))
      .map((entry) => [likeness(entry.kind, entry.digest, entry.fingerprint), entry]),
  );
}

/** By what two requests are the same: what they say, and what is to be noticed of it later. */
function likeness(kind: RequestKind, digest: string, fingerprint: Fingerprint = ""): string {
  return `${kind} ${digest} ${fingerprint}`;
}

/** Whether items have nothing to send. Requests of one trace share its receipts: they are read once. */
function sentBefore({ paths, destination }: DeliveryContext): (items: readonly ItemRef[]) => Promise<boolean> {
  const receipts = new Map<string, ReturnType<typeof readReceipts>>();
  return async (items) => {
    for (const [group, ids] of idsByGroup(items)) {
      const reading = receipts.get(group) ?? readReceipts(paths, destination.id, group);
      receipts.set(group, reading);
      const { spanIds: sent } = await reading;
      if (!ids.every((id) => sent.has(id))) return false;
    }
    return true;
  };
}

async function makeLast(context: DeliveryContext, folder: string, requests: readonly QueuedRequest[]): Promise<void> {
  // The last first: until the first are reached, they have arrived.
  const left = [...requests];
  const work = async (): Promise<void> => {
    for (let request = left.pop(); request !== undefined; request = left.pop()) {
      const { entry } = request;
      // What has arrived meanwhile is removed, or is about to be.
      if (!isClaimed(entry) || pendingCount(request) === 0) continue;
      try {
        await syncFile(entryPath(entry));
      } catch (error) {
        context.problems.add(outboxProblem(context, error));
        // What is there may be a part; where there is nothing else, it stays.
        if (request.content === undefined) continue;
        // At the delivery's end it is stored anew, or told to be unsaved.
        if (request.entry === entry) request.entry = undefined;
        // It may have been read back to be sent, and could be no more.
        request.wasRead = false;
        await removeRequest(entry).catch(() => undefined);
      }
    }
  };
  await Promise.all(Array.from({ length: SYNCED_AT_ONCE }, work));
  if (requests.some((request) => request.entry !== undefined && pendingCount(request) > 0)) await syncFolder(folder);
}
