import { isFields } from "../../text/json-fields.js";
import type { Outcome, Span, Timing } from "../../trace/model.js";
import type { Observation } from "../api/observation.js";

/** When an observation began and ended; without an end that is its beginning. */
export function spanOf({ id, startTime, endTime }: Observation, timing: unknown): Span {
  const known: Timing = timing === "exact" ? "exact" : "bounded";
  return { spanId: id, start: startTime, end: Math.max(startTime, endTime ?? startTime), timing: known };
}

/** How something ended, as it was sent. */
export function outcomeOf(value: unknown, instead: Outcome = "unfinished"): Outcome {
  return value === "completed" || value === "failed" || value === "unfinished" ? value : instead;
}

/** The objects of a list. */
export function objectsIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}
