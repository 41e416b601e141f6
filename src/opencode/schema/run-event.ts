import type { z } from "zod";
import { type Fields, isFields } from "../../text/json-fields.js";
import { wholePart } from "../read/whole-rows.js";
import { runEvent } from "./run-event-schema.js";

/** An event of a run, as `opencode run --format json` prints it. */
export type RunEvent = z.infer<typeof runEvent>;

/** Reads one line of the run stream; undefined for anything that is not an event which looptrace knows. */
export function readRunEvent(line: string): RunEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  return readRunEventJson(json);
}

/** The same for one that is already parsed. */
export function readRunEventJson(json: unknown): RunEvent | undefined {
  return (isFields(json) ? wholeRunEvent(json) : undefined) ?? runEvent.safeParse(json).data;
}

/**
 * An event as opencode writes it, told by hand: to load its schema takes longer than all that is done with the events
 * of a run. Whatever is not just so is left to the schema.
 */
function wholeRunEvent(row: Fields): RunEvent | undefined {
  const { timestamp, sessionID } = row;
  const isWhole =
    typeof timestamp === "number" &&
    Number.isFinite(timestamp) &&
    (sessionID === undefined || typeof sessionID === "string") &&
    !Object.hasOwn(row, "__proto__");
  if (!isWhole) return undefined;
  const base = { ...row, timestamp, ...(sessionID === undefined ? {} : { sessionID }) };
  if (row.type === "step_start") return { ...base, type: row.type };
  const part = isFields(row.part) ? wholePart(row.part) : undefined;
  switch (part?.type) {
    case "text":
      return row.type === "text" ? { ...base, type: row.type, part } : undefined;
    case "reasoning":
      return row.type === "reasoning" ? { ...base, type: row.type, part } : undefined;
    case "tool":
      return row.type === "tool_use" ? { ...base, type: row.type, part } : undefined;
    case "step-finish":
      return row.type === "step_finish" ? { ...base, type: row.type, part } : undefined;
    default:
      return undefined;
  }
}
