import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { isTemporary, namesIn, removeIfThere, sweepTemporaryFiles } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import { refuseUntrustedFolder } from "../files/trusted-store.js";

/** Where what `show` has printed is kept, a file for each session. */
export function viewsFolder({ root }: StorePaths): string {
  return join(root, "views");
}

/**
 * Removes views of sessions that are not kept any more; what cannot be removed so, a folder say, is none.
 *
 * @param listed the names of all files in `sessions/`
 * @throws {ConfigurationError} where the folder is none that looptrace would use, a link say
 */
export async function removeGoneViews(paths: StorePaths, listed: readonly string[]): Promise<void> {
  const folder = viewsFolder(paths);
  refuseUntrustedFolder(paths.root, folder);
  const kept = new Set(listed);
  await sweepTemporaryFiles(folder);
  for (const name of await namesIn(folder)) {
    // What is just being written, and a session that was kept since they were listed.
    if (kept.has(name) || isTemporary(name) || (await isThere(join(paths.sessions, name)))) continue;
    await removeIfThere(join(folder, name)).catch(() => undefined);
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
