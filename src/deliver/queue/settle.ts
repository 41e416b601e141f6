import { describeDiskFailure } from "../../files/disk-failure.js";
import type { RunContext } from "../run-context.js";
import { type Consignment, pendingCount, pendingKeys } from "./consignment.js";
import { prepareOutboxFolder } from "./destination-notes.js";
import { pickSpans } from "./otlp-body.js";
import { isClaimed, putRequest, releaseRequest, removeRequest } from "./outbox.js";

/**
 * Brings the disk in line with what became of a request: nothing pending, and its file goes; something pending, and a
 * file with just that stays for the next run.
 *
 * @returns how many spans could not be stored
 */
export async function settle(context: RunContext, consignment: Consignment): Promise<number> {
  const { entry } = consignment;
  const pending = pendingKeys(consignment);
  if (consignment.elsewhere) return 0;
  try {
    if (entry !== undefined && !isClaimed(entry)) return 0;
    if (pending?.length === 0) {
      if (entry !== undefined) await removeRequest(entry);
      return 0;
    }
    if (entry === undefined && !context.room.take(consignment.content?.body.byteLength ?? 0))
      return pendingCount(consignment);
    if (entry === undefined || isPartial(consignment, pending)) await storeRest(context, consignment);
    if (consignment.entry !== undefined && isClaimed(consignment.entry)) {
      await releaseRequest(consignment.entry);
    }
    return 0;
  } catch (error) {
    context.problems.add(outboxProblem(context, error));
    if (consignment.entry === undefined) return pendingCount(consignment);
    // The whole request is still there; the receipts keep what was taken from being sent again.
    await releaseClaim(consignment);
    return 0;
  }
}

/** One line for all that goes wrong with the outbox in the same way. */
export function outboxProblem({ paths }: RunContext, error: unknown): string {
  return `the outbox ${paths.outbox} cannot be written (${describeDiskFailure(error)})`;
}

/** The rest first, then the whole: in between both are there, and the receipts sort that out. */
async function storeRest(context: RunContext, consignment: Consignment): Promise<void> {
  const { content, edition, entry } = consignment;
  const keys = new Set(pendingKeys(consignment));
  if (content === undefined || keys.size === 0) return;
  const folder = await prepareOutboxFolder(context.paths, context.destination);
  const body =
    keys.size === content.spans.size ? content.body : pickSpans(content.body, (key) => keys.has(key));
  const createdMs = entry?.createdMs ?? context.clock.now();
  const keepsLast = content.lastKey !== undefined && keys.has(content.lastKey);
  const rest = edition && (keepsLast ? edition : { ...edition, last: undefined });
  consignment.entry = await putRequest(folder, body, keys.size, createdMs, rest);
  if (entry !== undefined && isClaimed(entry)) await removeRequest(entry);
}

async function releaseClaim({ entry }: Consignment): Promise<void> {
  if (entry === undefined || !isClaimed(entry)) return;
  // When even that fails, the claim lapses with this process.
  await releaseRequest(entry).catch(() => {});
}

function isPartial({ content }: Consignment, pending: readonly string[] | undefined): boolean {
  return content !== undefined && pending !== undefined && pending.length < content.spans.size;
}
