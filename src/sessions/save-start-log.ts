import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ensurePrivateFolder, removeIfThere, writeWhole } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import type { RunEvidence } from "../opencode/evidence.js";

const FOLDER = "failed-starts";
/** They are for the person who has just seen a start fail, not for an archive. */
const MOST_LOGS = 10;

/**
 * Saves all that opencode said when it came to no turn: its usage over a wrong argument, its configuration's mistakes,
 * the stack of its own failure. There is no session whose log could hold it.
 *
 * @returns the file
 * @throws the file system's error, for instance ENOSPC or EROFS
 */
export async function saveStartLog(
  paths: StorePaths,
  run: Pick<RunEvidence, "startedAt" | "id" | "attempt">,
  text: string,
): Promise<string> {
  const folder = join(paths.root, FOLDER);
  await ensurePrivateFolder(paths.root, folder);
  const path = join(folder, `${run.startedAt}-${run.id ?? "0"}-${run.attempt ?? 0}.log`);
  await writeWhole(path, text);
  const logs = (await readdir(folder)).filter((name) => name.endsWith(".log")).sort();
  for (const name of logs.slice(0, -MOST_LOGS)) await removeIfThere(join(folder, name));
  return path;
}
