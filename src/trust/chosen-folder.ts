import { isAbsolute, join, resolve } from "node:path";

/** How the folders end that npm and npx put on the `PATH`, of all folders up to `/`. */
const NPM_FOLDER = join("node_modules", ".bin");

/**
 * Whether a folder is on the `PATH` because the user wants its programs: not one of npm's, and none that is another one
 * in each working directory. What is in those may have come with a repository.
 */
export function isChosenFolder(folder: string): boolean {
  return isAbsolute(folder) && !resolve(folder).endsWith(NPM_FOLDER);
}
