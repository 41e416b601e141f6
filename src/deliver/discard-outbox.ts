import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DestinationInfo } from "./destination.js";
import { readDestinationInfo } from "./destination-notes.js";
import { claimRequest, listRequests, removeRequest } from "./outbox.js";
import type { StorePaths } from "./store-paths.js";

/** What was thrown away. */
export interface Discarded {
  readonly destination: DestinationInfo;
  readonly requests: number;
  readonly spans: number;
}

/**
 * Throws away what waits for a destination, for instance for one that does not exist any more. Requests that another
 * process is just delivering stay.
 *
 * @param destinationId as `outboxStatus` has it
 * @throws the file system's error
 */
export async function discardOutbox(paths: StorePaths, destinationId: string): Promise<Discarded> {
  const folder = join(paths.outbox, destinationId);
  const destination = await readDestinationInfo(paths, destinationId);
  let requests = 0;
  let spans = 0;
  for (const entry of await listRequests(folder)) {
    const claimed = await claimRequest(entry);
    if (!claimed) continue;
    await removeRequest(claimed);
    requests += 1;
    spans += claimed.spans;
  }
  // Only the notes are left, if anything.
  if ((await listRequests(folder)).length === 0) await rm(folder, { recursive: true, force: true });
  return { destination, requests, spans };
}
