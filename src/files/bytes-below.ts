import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../errors/thrown.js";

/**
 * How many bytes the files below a folder have; 0 when there is no such folder. A file that goes away meanwhile counts
 * as empty.
 *
 * @returns undefined when it cannot be found out
 */
export async function bytesBelow(folder: string): Promise<number | undefined> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    let sum = 0;
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const found = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined);
      sum += found?.size ?? 0;
    }
    return sum;
  } catch (error) {
    return hasCode(error, "ENOENT") ? 0 : undefined;
  }
}
