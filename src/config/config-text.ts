import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationError } from "../errors/configuration-error.js";
import { codeOf, messageOf } from "../errors/thrown.js";
import { describeDiskFailure } from "../files/disk-failure.js";
import { decodeText } from "../text/decode-text.js";
import { CONFIG_FILE } from "./config-file-name.js";

/** An unusually long file of settings has some KB. */
const MAX_BYTES = 1024 * 1024;

/**
 * Where the innermost `looptrace.config.json` of some folders is.
 *
 * @param folders from the innermost outwards
 * @returns undefined when there is none
 */
export function findConfigFile(folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, CONFIG_FILE)).find(isThere);
}

/**
 * Reads it once: what is looked at is what is used. Of what is no file, such as a pipe that never ends,
 * nothing is read.
 *
 * @throws {ConfigurationError} when it cannot be read
 */
export function readConfigText(path: string): string {
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = fstatSync(handle);
    if (!stats.isFile()) throw new Error("it is no file");
    if (stats.size > MAX_BYTES) throw new Error("it is longer than a megabyte");
    return decodeText(readFileSync(handle));
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): ConfigurationError {
  const why = codeOf(error) === undefined ? messageOf(error) : describeDiskFailure(error);
  return new ConfigurationError(
    CONFIG_FILE,
    `${path} cannot be read: ${why}.\nMend that, or move it away: without it the defaults count.`,
  );
}
