import { systemClock } from "../files/clock.js";
import { syncFolder } from "../files/private-files.js";
import { type StorePaths, storePaths } from "../files/store-paths.js";
import { refuseUntrustedStore } from "../files/trusted-store.js";
import type { OtlpRequest } from "../otel/otlp-request.js";
import { createRunContext, type DeliveryOptions } from "./delivery-options.js";
import type { DestinationReport } from "./delivery-report.js";
import type { Destination } from "./destinations/destination.js";
import { type Consignment, createConsignment, createContent } from "./queue/consignment.js";
import { prepareOutboxFolder } from "./queue/destination-notes.js";
import {
  claimRequest,
  digestOf,
  isClaimed,
  listRequests,
  type OutboxEntry,
  putRequest,
} from "./queue/outbox.js";
import { DEFAULT_OUTBOX_LIMIT_BYTES, outboxRoom } from "./queue/outbox-room.js";
import { outboxProblem } from "./queue/settle.js";
import { type Edition, editionText } from "./receipts/edition.js";
import { pruneReceipts } from "./receipts/prune-receipts.js";
import { forgetReceipts, readReceipts } from "./receipts/receipts.js";
import type { RunContext } from "./run-context.js";
import { runDestination } from "./run-destination.js";

export interface DeliverOptions extends DeliveryOptions {
  /** Send also what a destination has already acknowledged. */
  readonly force?: boolean;
  /**
   * Ids of destinations that nothing is sent to now: what is given for them is only stored, for instance because they
   * did not answer a moment ago.
   */
  readonly hold?: ReadonlySet<string>;
  /** How much the outbox may hold, in bytes; what does not fit in is sent from memory. Default 2 GB. */
  readonly outboxLimitBytes?: number | undefined;
}

/** A request, and by what to notice later that its spans would look different. */
export interface EditedRequest extends OtlpRequest {
  readonly edition?: Edition;
}

/**
 * Delivers requests to all destinations at once. Each is first stored, then sent, so that what cannot be sent now is sent
 * by a later `pushOutbox`, of whatever process. One destination that is down does not hold back another.
 *
 * Spans that a destination has already acknowledged are not sent to it again; while another process is sending spans of the
 * same trace, this waits for it, for half of its time and 15 s at most. A disk that is full or read-only is reported in
 * `problems`, and the requests are sent from memory.
 *
 * @param requests the same for all destinations, or a function where they differ
 * @returns a report for each destination, in their order. Never throws for what servers, networks or disks do
 * @throws {ConfigurationError} when looptrace's folder is not this user's alone; nothing was sent or written then
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
  const paths = options.paths ?? storePaths();
  refuseUntrustedStore(paths);
  const room = await outboxRoom(paths, options.outboxLimitBytes ?? DEFAULT_OUTBOX_LIMIT_BYTES);
  const reports = await Promise.all(
    destinations.map(async (destination) => {
      const context = createRunContext(destination, options, {
        force: options.force ?? false,
        hold: options.hold?.has(destination.id) ?? false,
        room,
      });
      const own = typeof requests === "function" ? requests(destination) : requests;
      if (context.force) await forget(context, own);
      const report = await runDestination(context, await store(context, own));
      // It may have become fuller by what could not be sent.
      const warning = report.pending.spans > 0 ? room.warning() : undefined;
      return warning === undefined ? report : { ...report, problems: [...report.problems, warning] };
    }),
  );
  await pruneReceipts(paths, options.clock ?? systemClock);
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

/** Requests that are stored at once: the disk has more to do, but not everything at the same time. */
const STORED_AT_ONCE = 4;

/**
 * Stores the requests; one that cannot be stored goes on in memory. Those that have nothing to send are not stored, and
 * one that waits there already, of an earlier delivery that failed, is taken up instead.
 */
async function store(context: RunContext, requests: readonly EditedRequest[]): Promise<Consignment[]> {
  const { destination, paths, problems } = context;
  const folder = await prepareOutboxFolder(paths, destination).catch((error: unknown) => {
    problems.add(outboxProblem(context, error));
    return undefined;
  });
  const waiting = folder === undefined ? new Map() : await waitingIn(folder);
  const consignments: Consignment[] = [];
  for (let index = 0; index < requests.length; index += STORED_AT_ONCE) {
    const some = requests.slice(index, index + STORED_AT_ONCE);
    consignments.push(
      ...(await Promise.all(some.map((request) => storeOne(context, request, folder, waiting)))),
    );
  }
  if (folder !== undefined && requests.length > 0) await syncFolder(folder);
  return consignments;
}

async function storeOne(
  context: RunContext,
  { body, traceId, spanIds, edition }: EditedRequest,
  folder: string | undefined,
  waiting: ReadonlyMap<string, OutboxEntry>,
): Promise<Consignment> {
  const { clock, problems, room } = context;
  const content = createContent(
    body,
    spanIds.map((spanId) => ({ traceId, spanId })),
  );
  const size = content.spans.size;
  if (folder === undefined || (await isAllSent(context, traceId, spanIds)))
    return createConsignment(undefined, content, size, edition);
  try {
    const digest = digestOf(body);
    const known = waiting.get(likeness(digest, edition));
    const entry =
      (known && (await claimRequest(known))) ??
      (room.take(body.byteLength)
        ? await putRequest(folder, body, size, clock.now(), edition, { lasting: false, digest })
        : undefined);
    return createConsignment(entry, content, size, edition);
  } catch (error) {
    problems.add(outboxProblem(context, error));
    return createConsignment(undefined, content, size, edition);
  }
}

/** What nobody is delivering, by its content. */
async function waitingIn(folder: string): Promise<ReadonlyMap<string, OutboxEntry>> {
  const entries = await listRequests(folder).catch(() => []);
  return new Map(
    entries
      .filter((entry) => !isClaimed(entry))
      .map((entry) => [likeness(entry.digest, entry.edition), entry]),
  );
}

/** By what two requests are the same: what they say, and what is to be noticed of it later. */
function likeness(digest: string, edition: Edition | undefined): string {
  return `${digest} ${edition === undefined ? "" : editionText(edition)}`;
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
