import { lstatSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { attempt } from "../errors/thrown.js";
import { doubtAboutOwner } from "./doubt.js";
import { currentIdentity, type Identity } from "./identity.js";
import { isTrustedByName, realPathOr } from "./trusted-paths.js";

/** Where a project's own files are looked for. */
export interface ProjectFolders {
  /** From the innermost outwards. */
  readonly inside: readonly string[];
  /** The further ones up to `/`. They may belong to other users, or to other projects. */
  readonly above: readonly string[];
  /** A repository around that does not count, since it belongs to another user: its folder, and why. */
  readonly strange: { readonly folder: string; readonly doubt: string } | undefined;
}

/**
 * From a folder up to the root of its git repository, as far as that is the user's own, and never above the home
 * folder; outside of a repository the folder alone. What is on the disk decides: a `.git`, which in a worktree or a
 * submodule is a file. `GIT_DIR` says where git's data are, not whose project this is.
 *
 * @param isTrusted whether the user has said that a repository counts though it belongs to another user
 */
export function projectFolders(
  from: string,
  home: string,
  identity: Identity | undefined,
  isTrusted: (folder: string) => boolean = () => false,
): ProjectFolders {
  const all = upwards(realPathOr(from));
  const homeAt = all.indexOf(realPathOr(home));
  const reach = homeAt < 0 ? all.length : homeAt + 1;
  const root = all.slice(0, reach).findIndex((folder) => isThere(join(folder, ".git")));
  const folder = all[root];
  const doubt =
    folder === undefined || isTrusted(folder)
      ? undefined
      : (doubtAboutOwner(join(folder, ".git"), identity) ?? doubtAboutOwner(folder, identity));
  const count = root < 0 || doubt !== undefined ? 1 : root + 1;
  return {
    inside: all.slice(0, count),
    above: all.slice(count),
    strange: folder === undefined || doubt === undefined ? undefined : { folder, doubt },
  };
}

/**
 * The same for a working directory and an environment as they are.
 *
 * @throws {ConfigurationError} when `LOOPTRACE_TRUST` makes no sense
 */
export function projectAround(directory: string, env: Readonly<Record<string, string | undefined>>): ProjectFolders {
  const isTrusted = (folder: string): boolean => isTrustedByName(folder, env);
  return projectFolders(directory, env.HOME || homedir(), currentIdentity(env), isTrusted);
}

function upwards(from: string): readonly string[] {
  const folders = [from];
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) folders.push(dirname(folder));
  return folders;
}

/** A folder that may not be looked into holds no repository of the user's. */
function isThere(path: string): boolean {
  return attempt(() => lstatSync(path)) !== undefined;
}
