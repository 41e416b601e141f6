import { join } from "node:path";
import { attempt } from "../../errors/thrown.js";
import type { StorePaths } from "../../files/store-paths.js";
import { refuseUntrustedFolder, refuseUntrustedStore } from "../../files/trusted-store.js";
import type { DestinationInfo } from "../destinations/destination.js";
import { noteLastError, readDestinationInfo } from "./destination-notes.js";
import { noteDiscarded } from "./discarded-items.js";
import { type ClaimedEntry, claimRequest, listRequests, readRequest, removeRequest } from "./outbox.js";
import { countItems, type OutboxStatus } from "./outbox-status.js";
import { FORMATS } from "./request-format.js";

/** What was thrown away. */
export interface Discarded {
  readonly destination: DestinationInfo;
  readonly requests: number;
  readonly spans: number;
  /** How much of the other kinds; a kind of which there was nothing is not there. */
  readonly beside: OutboxStatus["beside"];
  /** Which traces it was of; those of damaged requests are not known. */
  readonly traceIds: readonly string[];
  /** When the oldest and the newest request were put there, ms since the epoch; undefined when there was none. */
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  /** Requests that stay, since another process is delivering them. */
  readonly inDelivery: number;
}

/**
 * Throws away what waits for a destination, for instance for one that does not exist any more. Requests that another
 * process is just delivering stay, and so do those that were rejected.
 *
 * The destination's folder stays, with the note of what it is: another process may be putting something there.
 *
 * @param destinationId as `outboxStatus` has it
 * @throws the file system's error; what is gone then is gone
 */
export async function discardOutbox(paths: StorePaths, destinationId: string): Promise<Discarded> {
  refuseUntrustedStore(paths);
  refuseUntrustedFolder(paths.root, join(paths.outbox, destinationId));
  const destination = await readDestinationInfo(paths, destinationId);
  const gone: ClaimedEntry[] = [];
  const traceIds = new Set<string>();
  let inDelivery = 0;
  for (const entry of await listRequests(join(paths.outbox, destinationId))) {
    const claimed = await claimRequest(entry);
    if (claimed === undefined) {
      inDelivery += 1;
      continue;
    }
    const body = await readRequest(claimed).catch(() => new Uint8Array());
    for (const { group } of attempt(() => FORMATS[entry.kind].itemsIn(body)) ?? []) traceIds.add(group);
    gone.push(claimed);
  }
  // Before they go, so that no delivery takes them for sent. A full disk, which may be why, holds nothing back.
  if (gone.length > 0) await noteDiscarded(paths, destinationId, countItems(gone)).catch(() => undefined);
  for (const entry of gone) await removeRequest(entry);
  if (inDelivery === 0 && gone.length > 0) await noteLastError(paths, destinationId, undefined);
  return {
    destination,
    requests: gone.length,
    ...countItems(gone),
    traceIds: [...traceIds],
    fromMs: gone[0]?.createdMs,
    toMs: gone.at(-1)?.createdMs,
    inDelivery,
  };
}
