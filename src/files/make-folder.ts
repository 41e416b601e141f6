import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "../errors/thrown.js";

/**
 * Makes a folder and those above it, as far as they are not there.
 *
 * Node.js's own `recursive` never ends where a folder that is there says of a new one that it is not (`/proc`): it
 * makes the upper one again and again.
 *
 * @param mode of what has to be made, less the process's umask
 * @returns the uppermost folder that had to be made; undefined when all were there
 * @throws the file system's error, for instance EACCES, EROFS, ENOTDIR, or EEXIST for a file of that name
 */
export async function makeFolder(path: string, mode = 0o777): Promise<string | undefined> {
  try {
    return (await makeOne(path, mode)) ? path : undefined;
  } catch (error) {
    if (!hasCode(error, "ENOENT") || dirname(path) === path) throw error;
  }
  const upper = await makeFolder(dirname(path), mode);
  const isMade = await makeOne(path, mode);
  return upper ?? (isMade ? path : undefined);
}

/** @returns false when it was there, perhaps made by another process this very moment */
async function makeOne(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    // A disk that is only read says EROFS of a folder that is there, and a root EISDIR.
    const isThere = await stat(path).then(
      (facts) => facts.isDirectory(),
      () => false,
    );
    if (isThere) return false;
    throw error;
  }
}
