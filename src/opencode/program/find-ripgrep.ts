import { homedir } from "node:os";
import { join } from "node:path";
import { pathFolders, whyNotExecutable } from "./executables.js";

/**
 * The ripgrep that opencode's grep and glob would run: the first on the PATH, else the one that opencode has downloaded
 * into its cache.
 *
 * @returns undefined when there is none, and opencode would download one
 */
export function findRipgrep(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const cache = environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), ".cache");
  const name = process.platform === "win32" ? "rg.exe" : "rg";
  return [...pathFolders(environment), join(cache, "opencode", "bin")]
    .map((folder) => join(folder, name))
    .find((path) => whyNotExecutable(path) === null);
}
