import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tapFile } from "../../src/wire/tap/tap-file.js";

/**
 * Puts the tap into a folder, for an opencode or its Bun that is started without looptrace.
 *
 * @param recordings the folder that it is to write to
 * @returns what has to stand in the environment
 */
export async function preloaded(folder: string, recordings: string): Promise<Readonly<Record<string, string>>> {
  const { text, extension } = tapFile();
  const path = join(folder, `tap${extension}`);
  await writeFile(path, text);
  return { BUN_INSPECT_PRELOAD: path, LOOPTRACE_WIRE_FOLDER: recordings };
}
