import type { OtlpRequest } from "../otel/otlp-request.js";
import { systemClock } from "./clock.js";
import { type Consignment, createConsignment, createContent } from "./consignment.js";
import { createRunContext, type DeliveryOptions } from "./delivery-options.js";
import type { DestinationReport } from "./delivery-report.js";
import type { Destination } from "./destination.js";
import { prepareOutboxFolder } from "./destination-notes.js";
import type { Edition } from "./edition.js";
import { type ClaimedEntry, putRequest } from "./outbox.js";
import { pruneReceipts } from "./prune-receipts.js";
import { forgetReceipts, readReceipts } from "./receipts.js";
import type { RunContext } from "./run-context.js";
import { runDestination } from "./run-destination.js";
import { outboxProblem } from "./settle.js";
import { type StorePaths, storePaths } from "./store-paths.js";

export interface DeliverOptions extends DeliveryOptions {
  /** Send also what a destination has already acknowledged. */
  readonly force?: boolean;
  /**
   * Ids of destinations that nothing is sent to now: what is given for them is only stored, for instance because they
   * did not answer a moment ago.
   */
  readonly hold?: ReadonlySet<string>;
}

/** A request, and by what to notice later that its spans would look different. */
export interface EditedRequest extends OtlpRequest {
  readonly edition?: Edition;
}

/**
 * Delivers requests to all destinations at once. Each is first stored, then sent, so that what cannot be sent now is sent
 * by a later `pushOutbox`, of whatever process. One destination that is down does not hold back another.
 *
 * Spans that a destination has already acknowledged are not sent to it again. A disk that is full or read-only is
 * reported in `problems`, and the requests are sent from memory.
 *
 * @param requests the same for all destinations, or a function where they differ
 * @returns a report for each destination, in their order. Never throws for what servers, networks or disks do
 *
 * @example
 * const reports = await deliver(requests, resolveDestinations({ sdkVersion: "0.1.0" }));
 * if (!isDelivered(reports)) console.error(reports.map((report) => report.lastError));
 */
export async function deliver(
  requests: readonly EditedRequest[] | ((destination: Destination) => readonly EditedRequest[]),
  destinations: readonly Destination[],
  options: DeliverOptions = {},
): Promise<readonly DestinationReport[]> {
  const reports = await Promise.all(
    destinations.map(async (destination) => {
      const context = createRunContext(destination, options, {
        force: options.force ?? false,
        hold: options.hold?.has(destination.id) ?? false,
      });
      const own = typeof requests === "function" ? requests(destination) : requests;
      if (context.force) await forget(context, own);
      return runDestination(context, await store(context, own));
    }),
  );
  await pruneReceipts(options.paths ?? storePaths(), options.clock ?? systemClock);
  return reports;
}

/**
 * Which spans of a trace a destination has acknowledged, so that they need not be encoded again.
 *
 * @param paths default: the user's data folder
 */
export async function acknowledged(
  destination: Pick<Destination, "id">,
  traceId: string,
  paths: StorePaths = storePaths(),
): Promise<ReadonlySet<string>> {
  return (await readReceipts(paths, destination.id, traceId)).spanIds;
}

/** Stores the requests; one that cannot be stored goes on in memory. Those that have nothing to send are not stored. */
async function store(context: RunContext, requests: readonly EditedRequest[]): Promise<Consignment[]> {
  const { clock, destination, paths, problems } = context;
  const folder = await prepareOutboxFolder(paths, destination).catch((error: unknown) => {
    problems.add(outboxProblem(context, error));
    return undefined;
  });
  const consignments: Consignment[] = [];
  for (const { body, traceId, spanIds, edition } of requests) {
    const content = createContent(
      body,
      spanIds.map((spanId) => ({ traceId, spanId })),
    );
    let entry: ClaimedEntry | undefined;
    if (folder !== undefined && !(await isAllSent(context, traceId, spanIds))) {
      try {
        entry = await putRequest(folder, body, content.spans.size, clock.now(), edition);
      } catch (error) {
        problems.add(outboxProblem(context, error));
      }
    }
    consignments.push(createConsignment(entry, content, content.spans.size, edition));
  }
  return consignments;
}

async function isAllSent(
  { destination, force, paths }: RunContext,
  traceId: string,
  spanIds: readonly string[],
): Promise<boolean> {
  if (force) return false;
  const { spanIds: sent } = await readReceipts(paths, destination.id, traceId);
  return spanIds.every((id) => sent.has(id));
}

/** Without this, what a killed run leaves in the outbox would count as sent already. */
async function forget(context: RunContext, requests: readonly OtlpRequest[]): Promise<void> {
  const { destination, paths, problems } = context;
  for (const { traceId, spanIds } of requests) {
    const { spanIds: sent } = await readReceipts(paths, destination.id, traceId);
    const known = spanIds.filter((id) => sent.has(id));
    if (known.length === 0) continue;
    await forgetReceipts(paths, destination.id, traceId, known).catch((error: unknown) => {
      problems.add(outboxProblem(context, error));
    });
  }
}
