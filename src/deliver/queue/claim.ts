import { hasCode } from "../../errors/thrown.js";
import { describeDiskFailure } from "../../files/disk-failure.js";
import type { DeliveryContext } from "../delivery-context.js";
import { type ClaimedEntry, claimRequest, isClaimed, readRequest, removeRequest } from "./outbox.js";
import { createContent, type QueuedRequest } from "./queued-request.js";
import { keepRejected } from "./rejections.js";
import { FORMATS } from "./request-format.js";

/**
 * Claims and reads a request that lies in the outbox.
 *
 * A file that holds no request (a damaged disk, an editor) is set aside with all its items: it would stand at the head
 * of the outbox for ever.
 *
 * @returns `gone` when another process has it, which answers for it
 */
export async function claim(
  context: DeliveryContext,
  request: QueuedRequest,
): Promise<"claimed" | "gone" | "unreadable"> {
  if (request.content !== undefined) return "claimed";
  if (request.entry === undefined) return "unreadable";
  let claimed: ClaimedEntry | undefined;
  let body: Uint8Array;
  try {
    // One that was let go of in this run has its claim still.
    claimed = request.claimed && isClaimed(request.entry) ? request.entry : await claimRequest(request.entry);
    if (claimed === undefined) return "gone";
    request.entry = claimed;
    request.claimed = true;
    body = await readRequest(claimed);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "gone";
    context.problems.add(`${request.entry.name} in the outbox cannot be read (${describeDiskFailure(error)})`);
    return "unreadable";
  }
  try {
    request.content = createContent(request.kind, body, request.items ?? FORMATS[request.kind].itemsIn(body));
    request.wasRead = true;
    request.size = request.content.items.size;
    return "claimed";
  } catch {
    await setFileAside(context, request, claimed, body);
    return "unreadable";
  }
}

async function setFileAside(
  context: DeliveryContext,
  request: QueuedRequest,
  claimed: ClaimedEntry,
  body: Uint8Array,
): Promise<void> {
  const { paths, destination, clock, problems } = context;
  const format = FORMATS[request.kind];
  const reason = `${claimed.name} in the outbox is not ${format.name}`;
  problems.add(`${reason}; it is kept below ${paths.rejected}`);
  try {
    const name = claimed.name.slice(0, -format.extension.length - 1);
    await keepRejected(paths, destination, { name, extension: format.extension, body }, { reason, atMs: clock.now() });
    await removeRequest(claimed);
    for (let index = 0; index < request.size; index += 1) request.rejected.add(`${name}/${index}`);
  } catch (error) {
    problems.add(`${claimed.name} cannot be set aside (${describeDiskFailure(error)})`);
  }
}
