import { lstatSync } from "node:fs";
import { lstat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { attempt } from "../../errors/thrown.js";
import type { Clock } from "../../files/clock.js";
import { sweepLocks } from "../../files/file-lock.js";
import { readOwnTextNow } from "../../files/own-files.js";
import { namesIn, removeIfThere, writeWhole } from "../../files/private-files.js";
import type { StorePaths } from "../../files/store-paths.js";
import { refuseUntrustedFolder } from "../../files/trusted-store.js";
import { fieldsOf } from "../../text/json-fields.js";
import { listRequests } from "../queue/outbox.js";
import { receiptPath } from "./receipts.js";

const DAY_MS = 86_400_000;

/**
 * How long receipts are kept after the last question for them. A trace that is sent again later than that is sent
 * whole: Langfuse then replaces what it has, as the spans' ids and times are the same.
 */
export const RECEIPTS_KEPT_MS = 90 * DAY_MS;

const MARKER = "last-pruned.json";

/**
 * Removes receipts that were not asked for in `RECEIPTS_KEPT_MS`; looks at most once a day. Those of a destination that
 * something still waits for stay, as they tell what of it had arrived. Locks of dead processes go as well. Never
 * throws: what stays is removed another day.
 *
 * @returns how many traces were forgotten
 */
export async function pruneReceipts(paths: StorePaths, clock: Clock): Promise<number> {
  let pruned = 0;
  try {
    const now = clock.now();
    if (Math.abs(now - lastPruned(paths)) < DAY_MS) return 0;
    const names = await namesIn(paths.sent);
    if (names.length === 0) return 0;
    await writeWhole(join(paths.sent, MARKER), `${JSON.stringify({ atMs: now })}\n`);
    for (const destinationId of names) {
      if (destinationId === MARKER) continue;
      const folder = join(paths.sent, destinationId);
      refuseUntrustedFolder(paths.root, folder);
      await sweepLocks(folder);
      if ((await listRequests(join(paths.outbox, destinationId))).length > 0) continue;
      for (const name of await namesIn(folder)) {
        const path = join(folder, name);
        if (!name.endsWith(".jsonl") || now - (await lstat(path)).mtimeMs < RECEIPTS_KEPT_MS) continue;
        await removeIfThere(path);
        pruned += 1;
      }
    }
  } catch {
    // Receipts that are too old do no harm.
  }
  return pruned;
}

/** Notes that a trace's receipts were asked for, so that they are kept; once a day is enough. */
export async function touchReceipts(
  paths: StorePaths,
  destinationId: string,
  traceId: string,
  clock: Clock,
): Promise<void> {
  const path = receiptPath(paths, destinationId, traceId);
  try {
    const now = clock.now();
    if (now - lstatSync(path).mtimeMs > DAY_MS) await utimes(path, now / 1000, now / 1000);
  } catch {
    // They were read a moment ago; at worst they count as old some day.
  }
}

/** ms since the epoch; 0 when it is not known. */
function lastPruned(paths: StorePaths): number {
  const text = attempt(() => readOwnTextNow(join(paths.sent, MARKER), 1_000)) ?? "";
  const { atMs } = fieldsOf(attempt(() => JSON.parse(text)));
  return typeof atMs === "number" && Number.isFinite(atMs) ? atMs : 0;
}
