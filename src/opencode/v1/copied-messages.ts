import { idTime } from "../schema/ids.js";
import type { AssistantMessage, UserMessage } from "../schema/session-export.js";

/**
 * Whether a fork copied this answer: it has a new id and its old times. No client makes an answer's id: opencode mints
 * it right before it notes when the answer was created.
 *
 * @param sessionCreated a fork is younger than what it copied; ms since the epoch
 */
export function isCopiedAnswer({ info }: AssistantMessage, sessionCreated: number): boolean {
  const { created, completed = created } = info.time;
  // Ids repeat after some years; a copy's is of the fork's time.
  const minted = idTime(info.id, Math.max(created, sessionCreated));
  return minted !== undefined && minted > Math.max(created, completed);
}

/**
 * Whether a fork copied this message, as far as its time tells: it is older than its session. Its id alone would prove
 * nothing, since a client may have made it by a clock of its own.
 */
export function isCopiedFromBefore({ info }: UserMessage, sessionCreated: number): boolean {
  const { created } = info.time;
  return created < sessionCreated && (idTime(info.id, sessionCreated) ?? created) > created;
}
