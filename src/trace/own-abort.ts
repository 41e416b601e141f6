import type { Message } from "../opencode/session.js";
import type { RunEvidence } from "./evidence.js";
import type { Turn } from "./turns.js";

/** Whether looptrace itself had a server abort the turn, at a deadline, a limit, or on the caller's wish. */
export function isOwnAbort(run: RunEvidence | undefined): boolean {
  return run?.exit.kind === "served" && (run.exit.asked !== undefined || run.halted !== undefined);
}

/** What a server notes about a message that it was made to abort. */
export const ABORTED_MESSAGE = "MessageAbortedError";

/**
 * A turn that looptrace had aborted as what it is: cut off. The server closes its last message with an error of its
 * own, which says only that it was wanted; where opencode is killed instead, the message stays as it was.
 */
export function withoutOwnAbort(turn: Turn, run: RunEvidence | undefined): Turn {
  if (!isOwnAbort(run)) return turn;
  const last = turn.rest.findLastIndex(({ info }) => info.role === "assistant");
  return { ...turn, rest: turn.rest.map((message, index) => cutOff(message, index === last)) };
}

function cutOff(message: Message, isLast: boolean): Message {
  const { info } = message;
  if (info.role !== "assistant") return message;
  // While opencode waits to ask again there is nothing that could take up the error.
  const isSilent = isLast && info.error === undefined && info.finish === undefined;
  if (info.error?.name !== ABORTED_MESSAGE && !isSilent) return message;
  const { error: _, ...rest } = info;
  return { ...message, info: { ...rest, time: { created: info.time.created } } };
}
