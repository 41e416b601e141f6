import { durationMs } from "../view/duration-ms.js";
import { InvalidArgumentError } from "./commander.js";

export { durationMs };

/** A duration as {@link durationMs} reads it, as a parser of a command-line option. */
export function parseDuration(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError("Give a duration such as 90s, 10m or 2h.");
  return ms;
}
