import { isOwnAbort } from "../schema/run-end.js";
import type { RunEvidence } from "../schema/run-evidence.js";
import type { Message } from "../schema/session-export.js";
import { finishOf, isAssistant } from "./message-kinds.js";
import type { RawTurn } from "./turns.js";

/** What a server notes about a message that it was made to abort. */
const ABORTED_MESSAGE = "MessageAbortedError";

/**
 * A turn that looptrace had aborted as what it is: cut off. The server closes its last message with an error of its
 * own, which says only that it was wanted; where opencode is killed instead, the message stays as it was.
 */
export function withoutOwnAbort(turn: RawTurn, run: RunEvidence | null): RawTurn {
  if (!isOwnAbort(run)) return turn;
  const last = turn.rest.findLastIndex(({ info }) => info.role === "assistant");
  return { ...turn, rest: turn.rest.map((message, index) => cutOff(message, index === last)) };
}

/** The same for the errors of the run's event stream. */
export function withoutOwnAbortErrors(run: RunEvidence): RunEvidence {
  if (!isOwnAbort(run)) return run;
  return { ...run, streamErrors: run.streamErrors.filter(({ error }) => error.name !== ABORTED_MESSAGE) };
}

function cutOff(message: Message, isLast: boolean): Message {
  if (!isAssistant(message)) return message;
  const { info } = message;
  // While opencode waits to ask again there is nothing that could take up the error.
  const isSilent = isLast && info.error === undefined && finishOf(message) === null;
  if (info.error?.name !== ABORTED_MESSAGE && !isSilent) return message;
  const { error: _, ...rest } = info;
  return { ...message, info: { ...rest, time: { created: info.time.created } } };
}
