import { isFields } from "../../text/json-fields.js";
import type { RawMessageInfo, RawPart, RawSession } from "../schema/server-event.js";

/*
 * After a session was read from the server, events may still arrive that are older than that. Clocks do not tell: an
 * event knows when it was made, a reading does not. But what has ended in opencode never begins again.
 */

/** Whether a part is an earlier state of the known one. */
export function isOutdated(part: RawPart, known: RawPart): boolean {
  return part.type === known.type && progressOfPart(part) < progressOfPart(known);
}

/** Whether a message is an earlier state of the known one. */
export function isOutdatedMessage(info: RawMessageInfo, known: RawMessageInfo): boolean {
  return numberIn(info.time, "completed") === undefined && numberIn(known.time, "completed") !== undefined;
}

/** Whether a session's facts are earlier than the known ones. */
export function isOutdatedSession(info: RawSession, known: RawSession): boolean {
  const [updated, before] = [numberIn(info.time, "updated"), numberIn(known.time, "updated")];
  return updated !== undefined && before !== undefined && updated < before;
}

const TOOL_STATES: readonly unknown[] = ["pending", "running", "completed", "error"];

function progressOfPart({ time, state }: RawPart): number {
  if (!isFields(state)) return numberIn(time, "end") === undefined ? 0 : 1;
  const progress = Math.min(TOOL_STATES.indexOf(state.status), 2);
  // opencode prunes the outputs of tools that are long done.
  return numberIn(state.time, "compacted") === undefined ? progress : progress + 1;
}

function numberIn(fields: unknown, name: string): number | undefined {
  const value = isFields(fields) ? fields[name] : undefined;
  return typeof value === "number" ? value : undefined;
}
