import { type FindOptions, otherOpenCodes } from "./find-opencode.js";
import type { Generation } from "./generation.js";
import { readVersion } from "./opencode-version.js";
import type { RunFolder } from "./run-folder.js";

/** So many are asked for their version at most. */
const MOST_ASKED = 4;

/** An opencode that is there as well, and not the one that is taken. */
export interface OtherOpenCode {
  /** Absolute path. */
  readonly path: string;
  readonly version: string;
}

/**
 * The first opencode of the other generation, on a machine that has both: neither knows the sessions of the other.
 *
 * @param taken the one that is taken
 * @returns undefined where there is none, or none that says its version
 */
export async function otherGeneration(
  taken: { readonly path: string; readonly generation: Generation },
  options: FindOptions,
  folder: RunFolder,
): Promise<OtherOpenCode | undefined> {
  for (const path of otherOpenCodes(taken.path, options).slice(0, MOST_ASKED)) {
    // One that does not start cannot be mistaken for it.
    const answer = await readVersion(path, folder, options.environment).catch(() => undefined);
    if (answer?.version && answer.generation !== taken.generation) return { path, version: answer.version };
  }
  return undefined;
}
