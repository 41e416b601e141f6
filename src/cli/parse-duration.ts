import { InvalidArgumentError } from "commander";
import { durationMs, durationProblem, isNone } from "../text/duration-ms.js";

/** A duration as {@link durationMs} reads it, as a parser of a command-line option. */
export function parseDuration(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError(durationProblem(text));
  return ms;
}

/** The same of what may be short. */
export function parseShortDuration(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError(durationProblem(text, ["ms", "s", "m"]));
  return ms;
}

/** The same, or `0` for none at all. */
export function parseDurationOrNone(text: string): number {
  return isNone(text) ? 0 : parseDuration(text);
}
