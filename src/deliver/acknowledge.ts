import { describeDiskFailure } from "../files/disk-failure.js";
import type { DeliveryContext } from "./delivery-context.js";
import type { QueuedRequest } from "./queue/queued-request.js";
import { type ItemRef, itemKey } from "./queue/request-kind.js";
import { differences, type Fingerprint, settingsOf } from "./receipts/fingerprint.js";
import { lastingReceipts } from "./receipts/lasting-receipts.js";
import { touchReceipts } from "./receipts/prune-receipts.js";
import { addReceipt, forgetReceipts, NO_RECEIPTS, readReceipts } from "./receipts/receipts.js";

/** What was acknowledged, by this run and, as the receipts say, by earlier ones and other processes. */
export interface Acknowledgements {
  /** Marks the items of a request that the destination already has, and those of them that would look different now. */
  recall(request: QueuedRequest): Promise<void>;
  /** Notes that the destination took items of a request: in the receipts first, where no kill takes that away. */
  record(request: QueuedRequest, items: readonly ItemRef[]): Promise<void>;
  /** Settles when what was noted outlives a crash of the machine, too. Never fails. */
  settle(): Promise<void>;
}

export function createAcknowledgements(context: DeliveryContext): Acknowledgements {
  const { clock, destination, paths, problems } = context;
  const inThisRun = new Set<string>();
  const lasting = lastingReceipts(cannotBeWritten);

  function cannotBeWritten(error: unknown): void {
    problems.add(
      `receipts cannot be written below ${paths.sent} (${describeDiskFailure(error)}); what was delivered now may be sent again`,
    );
  }

  /** What the destination had in the place of items. It is forgotten first: a kill in between costs a second sending. */
  async function replacedBy(items: readonly ItemRef[], group: string): Promise<readonly string[]> {
    const replaced = items.flatMap(({ id, replaces }) => (replaces === undefined ? [] : [{ id, replaces }]));
    if (replaced.length === 0) return [];
    const { spanIds } = await readReceipts(paths, destination.id, group);
    return [...spanIds].filter((known) =>
      replaced.some(({ id, replaces }) => known !== id && known.startsWith(replaces)),
    );
  }

  return {
    async recall(request) {
      const { content, acknowledged, alreadyAcknowledged, rejected } = request;
      for (const [group, items] of byGroup([...(content?.items.values() ?? [])])) {
        const receipts = context.force ? NO_RECEIPTS : await readReceipts(paths, destination.id, group);
        for (const problem of receipts.problems) problems.add(problem);
        if (receipts.spanIds.size > 0) await touchReceipts(paths, destination.id, group, clock);
        for (const item of items) {
          const key = itemKey(item);
          // One that was set aside here, and then taken with another request, is counted once in each.
          if (acknowledged.has(key) || rejected.has(key)) continue;
          if (inThisRun.has(key)) alreadyAcknowledged.add(key);
          if (!receipts.spanIds.has(item.id)) continue;
          alreadyAcknowledged.add(key);
          compare(request, key, receipts.fingerprints.get(item.id));
        }
      }
    },
    async record(request, items) {
      for (const [group, some] of byGroup(items)) {
        try {
          const ids = some.map(({ id }) => id);
          const gone = await replacedBy(some, group);
          if (gone.length > 0) lasting.wrote(await forgetReceipts(paths, destination.id, group, gone));
          for (const id of gone) inThisRun.delete(itemKey({ group, id }));
          lasting.wrote(await addReceipt(paths, destination.id, group, ids, fingerprintOf(request, some)));
          // Else a power failure could bring back that the destination has what it has no longer.
          if (gone.length > 0) await lasting.settle();
        } catch (error) {
          cannotBeWritten(error);
        }
      }
      for (const item of items) {
        const key = itemKey(item);
        inThisRun.add(key);
        request.acknowledged.add(key);
      }
    },
    settle: lasting.settle,
  };
}

function compare({ fingerprint, content, ...request }: QueuedRequest, key: string, sent?: Fingerprint): void {
  if (sent === undefined || fingerprint === undefined) return;
  const { settings, progress } = differences(sent, fingerprint);
  if (settings) request.otherSettings.add(key);
  if (progress && key === content?.lastKey) request.otherProgress.add(key);
}

/** How far the turn came is told by its root alone, the last span of a request. */
function fingerprintOf({ fingerprint, content }: QueuedRequest, items: readonly ItemRef[]) {
  if (fingerprint === undefined) return undefined;
  return items.some((item) => itemKey(item) === content?.lastKey) ? fingerprint : settingsOf(fingerprint);
}

function byGroup(items: readonly ItemRef[]): ReadonlyMap<string, readonly ItemRef[]> {
  const groups = new Map<string, ItemRef[]>();
  for (const item of items) {
    const group = groups.get(item.group);
    if (group) group.push(item);
    else groups.set(item.group, [item]);
  }
  return groups;
}
