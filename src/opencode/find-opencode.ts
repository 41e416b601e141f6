import { delimiter, dirname, join, resolve } from "node:path";
import { OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { pathFolders, whyNotExecutable } from "./executables.js";

/** Where an explicit path comes from, in the words of those who gave it. */
const EXPLICIT = '--opencode, or "opencode" in looptrace.config.json or in the call,';

export interface FindOptions {
  /** A path that was given explicitly; nothing else is tried then. */
  readonly explicit?: string | undefined;
  /** Where relative paths start, and where the search for `node_modules/.bin` begins. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Which opencode to start: the explicit path, `LOOPTRACE_OPENCODE`, `node_modules/.bin` of the directory and its
 * parents, then `PATH`. A path that was named but cannot be started is an error, not a reason to take another one.
 *
 * @returns an absolute path
 * @throws {OpenCodeNotFoundError} when there is none; it lists the places
 */
export function findOpenCode(options: FindOptions): string {
  const fromEnvironment = options.environment.LOOPTRACE_OPENCODE;
  if (options.explicit !== undefined) return named(options.explicit, EXPLICIT, options.directory);
  if (fromEnvironment) return named(fromEnvironment, "LOOPTRACE_OPENCODE", options.directory);

  const looked: string[] = [];
  for (const folder of [...binFolders(options.directory), ...pathFolders(options.environment)]) {
    for (const name of programNames()) {
      const path = join(folder, name);
      const problem = whyNotExecutable(path);
      if (problem === null) return path;
      if (problem !== "does not exist") looked.push(`${path}: ${problem}`);
    }
  }
  looked.push(
    `node_modules/.bin in ${options.directory} and the folders above it`,
    `PATH: ${pathFolders(options.environment).join(delimiter) || "(empty)"}`,
  );
  throw new OpenCodeNotFoundError("opencode was not found. Looked at:", looked);
}

/** What decides which opencode is meant. */
export interface WhereOpenCode {
  /** Its path, where the caller knows it. */
  readonly opencode?: string | undefined;
  /** Whose own opencode (in `node_modules/.bin`, of it or above it) comes before that of the `PATH`. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The absolute path of the opencode to use.
 *
 * @throws {OpenCodeNotFoundError} when there is none
 */
export function pathOfOpenCode({ opencode, directory, environment }: WhereOpenCode): string {
  // A relative path means what it means to this process, not below the directory that opencode works in.
  const explicit = opencode === undefined ? undefined : resolve(opencode);
  return findOpenCode({ explicit, directory, environment });
}

function named(path: string, from: string, directory: string): string {
  const absolute = resolve(directory, path);
  const problem = whyNotExecutable(absolute);
  if (problem === null) return absolute;
  throw new OpenCodeNotFoundError(`The opencode that ${from} names cannot be started:`, [
    `${absolute}: ${problem}`,
  ]);
}

function binFolders(directory: string): string[] {
  const folders: string[] = [];
  for (let at = resolve(directory); ; at = dirname(at)) {
    folders.push(join(at, "node_modules", ".bin"));
    if (at === dirname(at)) return folders;
  }
}

function programNames(): readonly string[] {
  return process.platform === "win32" ? ["opencode.exe", "opencode.cmd"] : ["opencode"];
}
