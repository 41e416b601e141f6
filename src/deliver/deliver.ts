import { systemClock } from "../files/clock.js";
import { storePaths } from "../files/store-paths.js";
import { refuseUntrustedStore } from "../files/trusted-store.js";
import { deliverRequests } from "./deliver-requests.js";
import { type DeliveryOptions, deliveryContext } from "./delivery-context.js";
import { type DestinationReport, isDelivered } from "./delivery-report.js";
import type { Destination } from "./destinations/destination.js";
import { DEFAULT_OUTBOX_LIMIT_BYTES, outboxQuota } from "./queue/quota.js";
import type { RequestToDeliver } from "./queue/request-to-deliver.js";
import { pruneReceipts } from "./receipts/prune-receipts.js";
import { storeRequests } from "./store-requests.js";

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
 * @param requests the same for all destinations, or a function where they differ; each is made when it is its turn to be
 *   stored, so that not all have to be in memory
 * @returns a report for each destination, in their order. Never throws for what servers, networks or disks do
 * @throws {ConfigurationError} when looptrace's folder is not this user's alone; nothing was sent or written then
 */
export async function deliver(
  requests: Iterable<RequestToDeliver> | ((destination: Destination) => Iterable<RequestToDeliver>),
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
      const { queued, settle } = await storeRequests(context, all);
      const report = await deliverRequests(context, queued, settle);
      // It may have become fuller by what could not be sent.
      const warning = isDelivered([report]) ? undefined : quota.warning();
      return warning === undefined ? report : { ...report, problems: [...report.problems, warning] };
    }),
  );
  await pruneReceipts(paths, options.clock ?? systemClock);
  return reports;
}
