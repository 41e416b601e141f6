import { execFileSync } from "node:child_process";
import { lstatSync } from "node:fs";
import { dirname, sep } from "node:path";

const TIMEOUT_MS = 5_000;

/** What a repository's own settings could have git run is switched off: they may be a stranger's too. */
const HARMLESS = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"];

/**
 * Whether a file came with the repository that it is in, so that its author decides what is in it, and not what the user has
 * installed there: git knows it, or a link that is a part of its path.
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

function isTracked(path: string): boolean {
  const folder = existingFolder(dirname(path));
  const name = `:(literal)${path.slice(folder.length).split(sep).filter(Boolean).join("/")}`;
  try {
    const found = execFileSync("git", [...HARMLESS, "ls-files", "-z", "--", name], {
      cwd: folder,
      timeout: TIMEOUT_MS,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return found.length > 0;
  } catch {
    // Another user's repository, which git does not look into, is found out by its owner.
    return false;
  }
}

/** The folder that git can be asked in: not one that is reached by a link, which may lead out of the repository. */
function existingFolder(folder: string): string {
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) return existingFolder(dirname(at));
  }
  return folder;
}
