/** Where opencode's loop ends, and where it goes on. */
import type { AssistantMessage } from "../schema/session-export.js";
import { finishOf } from "./message-kinds.js";

/** opencode asks again within some ms, under load within a second or so. */
const ASKED_AGAIN_WITHIN_MS = 3_000;

/**
 * opencode's loop goes on after tools and after a summary, and ends with everything else: also with a structured
 * answer. After one of unknown end it may go on all the same, as {@link goesOn} tells by the next answer.
 */
export function endsTheLoop(message: AssistantMessage): boolean {
  return isFinal(message) || (message.info.summary !== true && finishOf(message) !== "tool-calls");
}

/**
 * Whether a loop that came to one answer may be the one that came to the next.
 *
 * @param version of the opencode that made the session
 */
export function goesOn(last: AssistantMessage, next: AssistantMessage, version: string): boolean {
  return !endsTheLoop(last) || (asksAgain(version) && isAskedAgain(last, next));
}

/** opencode from 1.18 on asks the model again at once where its answer does not say how it ended. */
function isAskedAgain(last: AssistantMessage, next: AssistantMessage): boolean {
  const { completed } = last.info.time;
  if (isFinal(last) || finishOf(last) !== "unknown" || completed === undefined) return false;
  return next.info.time.created - completed <= ASKED_AGAIN_WITHIN_MS;
}

/** Only of a release one knows that it is older. */
function asksAgain(version: string): boolean {
  const [, major = 1, minor = 18] = /^v?(\d+)\.(\d+)\.\d+$/.exec(version)?.map(Number) ?? [];
  return major > 1 || (major === 1 && minor >= 18);
}

function isFinal({ info }: AssistantMessage): boolean {
  return info.error !== undefined || (info.structured !== undefined && info.structured !== null);
}
