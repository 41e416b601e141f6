import { describeDiskFailure } from "../../files/disk-failure.js";
import { hasCode } from "../../files/private-files.js";
import type { RunContext } from "../run-context.js";
import { type Consignment, createContent } from "./consignment.js";
import { spansIn } from "./otlp-body.js";
import {
  type ClaimedEntry,
  claimRequest,
  isClaimed,
  type OutboxEntry,
  readRequest,
  removeRequest,
} from "./outbox.js";
import { keepRejected } from "./rejections.js";

/**
 * Claims and reads a request that lies in the outbox.
 *
 * A file that holds no request (a damaged disk, an editor) is set aside with all its spans: it would stand at the head
 * of the outbox for ever.
 *
 * @returns whether there is something to send now
 */
export async function takeUp(context: RunContext, consignment: Consignment): Promise<boolean> {
  if (consignment.content !== undefined) return true;
  if (consignment.entry === undefined) return false;
  let claimed: ClaimedEntry | undefined;
  let body: Uint8Array;
  try {
    claimed = await claim(consignment, consignment.entry);
    if (claimed === undefined) {
      consignment.elsewhere = true;
      return false;
    }
    consignment.entry = claimed;
    consignment.claimed = true;
    body = await readRequest(claimed);
  } catch (error) {
    if (hasCode(error, "ENOENT")) consignment.elsewhere = true;
    else
      context.problems.add(
        `${consignment.entry.name} in the outbox cannot be read (${describeDiskFailure(error)})`,
      );
    return false;
  }
  try {
    consignment.content = createContent(body, spansIn(body));
    consignment.wasRead = true;
    consignment.size = consignment.content.spans.size;
    return true;
  } catch {
    await setFileAside(context, consignment, claimed, body);
    return false;
  }
}

/** One that was let go of in this run has its claim still. */
async function claim({ claimed }: Consignment, entry: OutboxEntry): Promise<ClaimedEntry | undefined> {
  return claimed && isClaimed(entry) ? entry : claimRequest(entry);
}

async function setFileAside(
  context: RunContext,
  consignment: Consignment,
  claimed: ClaimedEntry,
  body: Uint8Array,
): Promise<void> {
  const { paths, destination, clock, problems } = context;
  const reason = `${claimed.name} in the outbox is not an OTLP/JSON request`;
  problems.add(`${reason}; it is kept below ${paths.rejected}`);
  try {
    const name = claimed.name.replace(/\.json$/, "");
    await keepRejected(paths, destination, name, body, { reason, atMs: clock.now() });
    await removeRequest(claimed);
    for (let index = 0; index < consignment.size; index += 1) consignment.rejected.add(`${name}/${index}`);
  } catch (error) {
    problems.add(`${claimed.name} cannot be set aside (${describeDiskFailure(error)})`);
  }
}
