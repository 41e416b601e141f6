import { join } from "node:path";
import { messageOf } from "../errors/thrown.js";
import { isOwnerAlive } from "../files/claim-token.js";
import { systemClock } from "../files/clock.js";
import { sweepTemporaryFiles } from "../files/private-files.js";
import { type StorePaths, storePaths } from "../files/store-paths.js";
import { refuseUntrustedFolder, refuseUntrustedStore } from "../files/trusted-store.js";
import { deliverRequests } from "./deliver-requests.js";
import { type DeliveryOptions, deliveryContext } from "./delivery-context.js";
import type { DestinationReport } from "./delivery-report.js";
import type { Destination } from "./destinations/destination.js";
import { outboxProblem } from "./queue/commit.js";
import { entryPath, listRequests, type OutboxEntry } from "./queue/outbox.js";
import { type OutboxStatus, outboxStatus } from "./queue/outbox-status.js";
import { queuedRequest } from "./queue/queued-request.js";
import { pruneReceipts } from "./receipts/prune-receipts.js";

/** What became of what waited in the outbox. */
export interface PushResult {
  /** One for each destination, in their order. What other processes are delivering now is not in it. */
  readonly reports: readonly DestinationReport[];
  /** What waits for destinations that are not configured now; it is left alone. */
  readonly unconfigured: readonly OutboxStatus[];
  /** What could not be read beside that, in words. */
  readonly problems: readonly string[];
}

/**
 * Delivers what earlier runs left in the outbox, oldest first, also what a killed process had claimed.
 *
 * Cheap when there is nothing to do, so that every command can begin with it.
 *
 * @throws {ConfigurationError} when looptrace's folder is not this user's alone
 */
export async function pushOutbox(
  destinations: readonly Destination[],
  options: DeliveryOptions = {},
): Promise<PushResult> {
  const paths = options.paths ?? storePaths();
  refuseUntrustedStore(paths);
  const reports = await Promise.all(
    destinations.map(async (destination) => {
      const context = deliveryContext(destination, { ...options, paths });
      const folder = join(paths.outbox, destination.id);
      // Both are swept here alone: files of a process that was killed while it wrote.
      await sweepTemporaryFiles(join(paths.rejected, destination.id)).catch(() => undefined);
      const entries = await available(paths, folder).catch((error: unknown) => {
        context.problems.add(outboxProblem(context, error));
        return [];
      });
      return deliverRequests(
        context,
        entries.map((entry) => queuedRequest(entry.kind, entry, undefined, entry.items)),
      );
    }),
  );
  await pruneReceipts(paths, options.clock ?? systemClock);
  const configured = new Set(destinations.map(({ id }) => id));
  try {
    const unconfigured = (await outboxStatus(paths)).filter(
      ({ destination, requests }) => requests > 0 && !configured.has(destination.id),
    );
    return { reports, unconfigured, problems: [] };
  } catch (error) {
    return { reports, unconfigured: [], problems: [messageOf(error)] };
  }
}

/** What no living process is delivering. */
async function available(paths: StorePaths, folder: string): Promise<readonly OutboxEntry[]> {
  refuseUntrustedFolder(paths.root, folder);
  await sweepTemporaryFiles(folder);
  const free: OutboxEntry[] = [];
  for (const entry of await listRequests(folder)) {
    if (entry.owner === undefined || !(await isOwnerAlive(entry.owner, entryPath(entry)))) free.push(entry);
  }
  return free;
}
