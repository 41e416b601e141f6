import { type ExecFileSyncOptions, execFileSync } from "node:child_process";
import { lstatSync, realpathSync } from "node:fs";
import { basename, delimiter, dirname } from "node:path";
import { isChosenFolder } from "./chosen-folder.js";

const TIMEOUT_MS = 5_000;

/** What a repository's own settings could have git run is switched off: they may be a stranger's too. */
const HARMLESS = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"];

/**
 * Whether a file came with the repository that it is in, so that its author decides what is in it, and not what the
 * user has installed there: git knows it, or a link that is a part of its path.
 *
 * @returns false also outside of a repository, and without git
 */
export function isCommitted(path: string): boolean {
  return [path, ...linksAbove(path)].some(isTracked);
}

function linksAbove(path: string): readonly string[] {
  const links: string[] = [];
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) links.push(folder);
  }
  return links;
}

/** Asked where the file really is: on a way there by a link, git sees no repository. */
function isTracked(path: string): boolean {
  try {
    const folder = realpathSync(dirname(path));
    const command = [...HARMLESS, "-C", folder, "ls-files", "-z", "--", `:(literal)${basename(path)}`];
    // Windows looks for programs in the folder that they are to work in first.
    const cwd = dirname(process.execPath);
    const options: ExecFileSyncOptions = {
      cwd,
      env: environment(),
      timeout: TIMEOUT_MS,
      stdio: ["ignore", "pipe", "ignore"],
    };
    return execFileSync("git", command, options).length > 0;
  } catch {
    // Another user's repository, which git does not look into, is found out by its owner.
    return false;
  }
}

/** With the user's own git, and without the variables by which git, in a hook say, is told of another repository. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:GIT_|PATH$)/i.test(name));
  const path = (process.env.PATH ?? "").split(delimiter).filter(isChosenFolder);
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) };
}
