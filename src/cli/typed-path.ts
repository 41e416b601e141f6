import { statSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigurationError } from "../errors/configuration-error.js";
import type { Terminal } from "./terminal.js";

/**
 * The absolute path of what an option names.
 *
 * @param path as it was typed; relative ones belong to the working directory
 * @param kind `any` where both a file and a directory will do
 * @throws {ConfigurationError} naming the option and the path as they were typed, where there is no such
 *   thing
 */
export function typedPath(
  option: string,
  path: string,
  kind: "file" | "directory" | "any",
  terminal: Terminal,
): string {
  const absolute = resolve(terminal.cwd, path);
  const found = statSync(absolute, { throwIfNoEntry: false });
  const where = path === absolute ? "" : ` (${absolute})`;
  const say = (problem: string): ConfigurationError =>
    new ConfigurationError(option, `${option} ${path}: ${problem}${where}.`);
  if (!found) throw say(`no such ${kind === "directory" ? "directory" : "file"}`);
  if (kind === "directory" && !found.isDirectory()) throw say("this is a file, not a directory");
  if (kind === "file" && found.isDirectory()) throw say("this is a directory, not a file");
  return absolute;
}
