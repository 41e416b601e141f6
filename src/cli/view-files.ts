import { join } from "node:path";
import { namesIn, removeIfThere } from "../files/private-files.js";
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
  for (const name of await namesIn(folder))
    if (!kept.has(name)) await removeIfThere(join(folder, name)).catch(() => undefined);
}
