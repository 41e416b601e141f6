import { realpathSync } from "node:fs";
import { delimiter, isAbsolute, sep } from "node:path";
import { ConfigurationError } from "../errors/configuration-error.js";
import { attempt } from "../errors/thrown.js";

/** Names files and folders that are trusted in spite of their owners and modes, as git's `safe.directory` does. */
export const TRUST_VARIABLE = "LOOPTRACE_TRUST";

/**
 * Whether the user has said by `LOOPTRACE_TRUST` that a file is to be trusted: it, or a folder that it is in, is in the
 * list, or the list holds `*`.
 *
 * @param path absolute
 * @throws {ConfigurationError} for an entry that means something else in every folder
 */
export function isTrustedByName(path: string, env: Readonly<Record<string, string | undefined>>): boolean {
  const entries = (env[TRUST_VARIABLE] ?? "").split(delimiter).filter((entry) => entry.trim() !== "");
  const relative = entries.find((entry) => entry !== "*" && !isAbsolute(entry));
  if (relative !== undefined) {
    throw new ConfigurationError(
      TRUST_VARIABLE,
      `${TRUST_VARIABLE} takes absolute paths of files or folders with ${delimiter} in between, or *, not ${JSON.stringify(relative)}.`,
    );
  }
  if (entries.includes("*")) return true;
  const places = new Set([path, realPathOr(path)]);
  return entries
    .flatMap((entry) => [entry, realPathOr(entry)])
    .map((entry) => (entry.length > 1 ? entry.replace(/[/\\]+$/, "") : entry))
    .some((entry) => [...places].some((place) => place === entry || place.startsWith(below(entry))));
}

function below(folder: string): string {
  return folder.endsWith(sep) ? folder : `${folder}${sep}`;
}

/** Where a path leads by its links; where it leads nowhere, or cannot be looked at, the path itself. */
export function realPathOr(path: string): string {
  return attempt(() => realpathSync(path)) ?? path;
}
