import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../../files/private-files.js";
import type { StorePaths } from "../../files/store-paths.js";
import { defined } from "../../text/json-fields.js";
import { sumItems } from "../items-text.js";
import { readNote } from "./destination-notes.js";
import type { OutboxStatus } from "./outbox-status.js";

/** How much was thrown away of what has waited: spans, and what goes with them by its kind. */
export type DiscardedItems = Pick<OutboxStatus, "spans" | "beside">;

const DISCARDED = "discarded.json";

const discardedItems = z.object({
  spans: z.number(),
  beside: z.object({ metrics: z.number(), scores: z.number(), media: z.number() }).partial().transform(defined),
});

/**
 * Adds to what is noted of a destination's items that were thrown away.
 *
 * @throws the file system's error
 */
export async function noteDiscarded(paths: StorePaths, destinationId: string, items: DiscardedItems): Promise<void> {
  const all = sumItems([readDiscarded(paths, destinationId), items]);
  await writeWhole(join(paths.outbox, destinationId, DISCARDED), `${JSON.stringify(all)}\n`);
}

/** How much has been thrown away of what ever waited for a destination. */
export function readDiscarded(paths: StorePaths, destinationId: string): DiscardedItems {
  return readNote(join(paths.outbox, destinationId, DISCARDED), discardedItems) ?? { spans: 0, beside: {} };
}
