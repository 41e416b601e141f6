import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { describeDiskFailure } from "../../files/disk-failure.js";
import { namesIn } from "../../files/private-files.js";
import { type StorePaths, storePaths } from "../../files/store-paths.js";
import { refuseUntrustedStore } from "../../files/trusted-store.js";
import type { KindBeside } from "../delivery-report.js";
import type { DestinationInfo } from "../destinations/destination.js";
import { type LastError, readDestinationInfo, readLastError } from "./destination-notes.js";
import { entryPath, listRequests, type OutboxEntry } from "./outbox.js";
import { countRejected } from "./rejections.js";
import type { RequestKind } from "./request-kind.js";

const DESTINATION_ID = /^[0-9a-f]{16}$/;

/** What waits for one destination. */
export interface OutboxStatus {
  /** For whom it waits. */
  readonly destination: DestinationInfo;
  /** How many requests wait. */
  readonly requests: number;
  /** How many spans they hold. */
  readonly spans: number;
  /** How much of the other kinds they hold; a kind of which there is nothing is not there. */
  readonly beside: Readonly<Partial<Record<KindBeside, number>>>;
  /** How much room they take on the disk, in bytes. */
  readonly bytes: number;
  /** When the oldest request was put there, ms since the epoch; undefined when there is none. */
  readonly sinceMs: number | undefined;
  /** Requests kept because the destination will never take them. */
  readonly rejectedRequests: number;
  /** Why the last one was not delivered; undefined where none was tried. */
  readonly lastError: LastError | undefined;
}

/**
 * What lies in the outbox, for each destination that was ever delivered to, configured now or not. Reads no request and
 * sends nothing.
 *
 * @param paths default: the user's data folder
 * @throws {ConfigurationError} when it cannot be read; an outbox that does not exist is empty
 */
export async function outboxStatus(paths: StorePaths = storePaths()): Promise<readonly OutboxStatus[]> {
  refuseUntrustedStore(paths);
  try {
    const names = new Set([...(await namesIn(paths.outbox)), ...(await namesIn(paths.rejected))]);
    // A file manager may have put something of its own beside the folders.
    const ids = [...names].filter((name) => DESTINATION_ID.test(name)).sort();
    return await Promise.all(ids.map((id) => statusOf(paths, id)));
  } catch (error) {
    throw new ConfigurationError(
      "LOOPTRACE_HOME",
      `The outbox ${paths.outbox} cannot be read (${describeDiskFailure(error)}). Mend that, or name another folder by LOOPTRACE_HOME.`,
    );
  }
}

async function statusOf(paths: StorePaths, id: string): Promise<OutboxStatus> {
  const entries = await listRequests(join(paths.outbox, id));
  // A request may be claimed, released or delivered while this looks.
  const files = await Promise.all(entries.map((entry) => lstat(entryPath(entry)).catch(() => undefined)));
  return {
    destination: await readDestinationInfo(paths, id),
    requests: entries.length,
    ...countItems(entries),
    bytes: files.reduce((sum, file) => sum + (file?.size ?? 0), 0),
    sinceMs: entries[0]?.createdMs,
    rejectedRequests: await countRejected(paths, id),
    lastError: await readLastError(paths, id),
  };
}

/** How much requests hold, by its kind. */
export function countItems(entries: readonly OutboxEntry[]): Pick<OutboxStatus, "spans" | "beside"> {
  const counts: Partial<Record<RequestKind, number>> = {};
  for (const { kind, items } of entries) counts[kind] = (counts[kind] ?? 0) + items;
  const { traces = 0, ...beside } = counts;
  return { spans: traces, beside };
}
