import { systemClock } from "../files/clock.js";
import { syncFolder } from "../files/private-files.js";
import { storePaths } from "../files/store-paths.js";
import { refuseUntrustedStore } from "../files/trusted-store.js";
import { deliverRequests } from "./deliver-requests.js";
import { type DeliveryContext, type DeliveryOptions, deliveryContext } from "./delivery-context.js";
import { type DestinationReport, isDelivered } from "./delivery-report.js";
import type { Destination } from "./destinations/destination.js";
import { takes } from "./destinations/places.js";
import { outboxProblem } from "./queue/commit.js";
import { prepareOutboxFolder } from "./queue/destination-notes.js";
import { claimRequest, digestOf, isClaimed, listRequests, type OutboxEntry, putRequest } from "./queue/outbox.js";
import { createContent, type QueuedRequest, queuedRequest } from "./queue/queued-request.js";
import { DEFAULT_OUTBOX_LIMIT_BYTES, outboxQuota } from "./queue/quota.js";
import type { ItemRef, RequestKind } from "./queue/request-kind.js";
import { itemsOf, kindOf, type RequestToDeliver } from "./queue/request-to-deliver.js";
import type { Fingerprint } from "./receipts/fingerprint.js";
import { pruneReceipts } from "./receipts/prune-receipts.js";
import { forgetReceipts, readReceipts } from "./receipts/receipts.js";

/** How a delivery goes about it. */
export interface DeliverOptions extends DeliveryOptions {
  /** Send also what a destination has already acknowledged. */
  readonly force?: boolean | undefined;
  /** Ids of destinations that nothing is sent to now (they did not answer a moment ago, say): it is only stored. */
  readonly storeOnly?: ReadonlySet<string> | undefined;
  /** How much the outbox may hold, in bytes; what does not fit in is sent from memory. Default 2 GB. */
  readonly outboxLimitBytes?: number | undefined;
}

export type { RequestToDeliver } from "./queue/request-to-deliver.js";

/**
 * Delivers requests to all destinations at once, each of a kind to those that take it. Each is first stored, then sent,
 * so that what cannot be sent now is sent by a later `pushOutbox`, of whatever process. One destination that is down does
 * not hold back another.
 *
 * What a destination has already acknowledged is not sent to it again; while another process is sending there,
 * this waits for the lease, for half of its time and 15 s at most. A disk that is full or read-only is reported in
 * `problems`, and the requests are sent from memory.
 *
 * @param requests the same for all destinations, or a function where they differ
 * @returns a report for each destination, in their order. Never throws for what servers, networks or disks do
 * @throws {ConfigurationError} when looptrace's folder is not this user's alone; nothing was sent or written then
 */
export async function deliver(
  requests: readonly RequestToDeliver[] | ((destination: Destination) => readonly RequestToDeliver[]),
  destinations: readonly Destination[],
  options: DeliverOptions = {},
): Promise<readonly DestinationReport[]> {
  const paths = options.paths ?? storePaths();
  refuseUntrustedStore(paths);
  const quota = await outboxQuota(paths, options.outboxLimitBytes ?? DEFAULT_OUTBOX_LIMIT_BYTES);
  const reports = await Promise.all(
    destinations.map(async (destination) => {
      const context = deliveryContext(destination, options, {
        force: options.force ?? false,
        storeOnly: options.storeOnly?.has(destination.id) ?? false,
        quota,
      });
      const all = typeof requests === "function" ? requests(destination) : requests;
      const own = all.filter((request) => takes(destination, kindOf(request)));
      if (context.force) await forget(context, own);
      const report = await deliverRequests(context, await store(context, own));
      // It may have become fuller by what could not be sent.
      const warning = isDelivered([report]) ? undefined : quota.warning();
      return warning === undefined ? report : { ...report, problems: [...report.problems, warning] };
    }),
  );
  await pruneReceipts(paths, options.clock ?? systemClock);
  return reports;
}

/** Requests that are stored at once: the disk has more to do, but not everything at the same time. */
const STORED_AT_ONCE = 4;

/**
 * Stores the requests; one that cannot be stored goes on in memory. Those that have nothing to send are not stored, and
 * one that waits there already, of an earlier delivery that failed, is taken up instead.
 */
async function store(context: DeliveryContext, requests: readonly RequestToDeliver[]): Promise<QueuedRequest[]> {
  const { destination, paths, problems } = context;
  const folder = await prepareOutboxFolder(paths, destination).catch((error: unknown) => {
    problems.add(outboxProblem(context, error));
    return undefined;
  });
  const waiting = folder === undefined ? new Map() : await waitingIn(folder);
  const queued: QueuedRequest[] = [];
  for (let index = 0; index < requests.length; index += STORED_AT_ONCE) {
    const some = requests.slice(index, index + STORED_AT_ONCE);
    queued.push(...(await Promise.all(some.map((request) => storeOne(context, request, folder, waiting)))));
  }
  if (folder !== undefined && requests.length > 0) await syncFolder(folder);
  return queued;
}

async function storeOne(
  context: DeliveryContext,
  request: RequestToDeliver,
  folder: string | undefined,
  waiting: ReadonlyMap<string, OutboxEntry>,
): Promise<QueuedRequest> {
  const { clock, problems, quota } = context;
  const { body } = request;
  const kind = kindOf(request);
  const fingerprint = "fingerprint" in request ? request.fingerprint : undefined;
  const items = itemsOf(request);
  const content = createContent(kind, body, items);
  const { size } = content.items;
  const queued = (entry?: OutboxEntry): QueuedRequest => queuedRequest(kind, entry, content, size, fingerprint);
  if (folder === undefined || (await isAllSent(context, items))) return queued();
  try {
    const digest = digestOf(body);
    const known = waiting.get(likeness(kind, digest, fingerprint));
    const claimed = known && (await claimRequest(known));
    if (claimed || !quota.take(body.byteLength)) return queued(claimed);
    return queued(await putRequest(folder, body, size, clock.now(), fingerprint, { kind, lasting: false, digest }));
  } catch (error) {
    problems.add(outboxProblem(context, error));
    return queued();
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

async function isAllSent(context: DeliveryContext, items: readonly ItemRef[]): Promise<boolean> {
  if (context.force) return false;
  for (const [group, ids] of idsByGroup(items)) {
    const { spanIds: sent } = await readReceipts(context.paths, context.destination.id, group);
    if (!ids.every((id) => sent.has(id))) return false;
  }
  return true;
}

/** Without this, what a killed run leaves in the outbox would count as sent already. */
async function forget(context: DeliveryContext, requests: readonly RequestToDeliver[]): Promise<void> {
  const { destination, paths, problems } = context;
  for (const [group, ids] of idsByGroup(requests.flatMap(itemsOf))) {
    const { spanIds: sent } = await readReceipts(paths, destination.id, group);
    const known = ids.filter((id) => sent.has(id));
    if (known.length === 0) continue;
    await forgetReceipts(paths, destination.id, group, known).catch((error: unknown) => {
      problems.add(outboxProblem(context, error));
    });
  }
}

function idsByGroup(items: readonly ItemRef[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { group, id } of items) {
    const ids = groups.get(group);
    if (ids) ids.push(id);
    else groups.set(group, [id]);
  }
  return groups;
}
