import { InvalidArgumentError } from "commander";
import { durationMs, durationProblem } from "../text/duration-ms.js";

/** A duration as {@link durationMs} reads it, as a parser of a command-line option. */
export function parseDuration(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError(durationProblem(text));
  return ms;
}
