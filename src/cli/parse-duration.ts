import { InvalidArgumentError } from "commander";
import { ConfigurationError } from "../errors/configuration-error.js";
import { durationMs } from "../text/duration-ms.js";

/** A duration as {@link durationMs} reads it, as a parser of a command-line option. */
export function parseDuration(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError("Give a duration such as 90s, 10m or 2h.");
  return ms;
}

/**
 * What `--since` means: a duration back from now, or a date.
 *
 * @returns ms since the epoch
 * @throws {ConfigurationError} when it is neither
 */
export function parseSince(text: string): number {
  const ms = durationMs(text);
  const at = ms === undefined ? Date.parse(text) : Date.now() - ms;
  if (!Number.isNaN(at)) return at;
  throw new ConfigurationError("--since", "--since takes a duration such as 7d or 12h, or a date such as 2026-11-01.");
}
