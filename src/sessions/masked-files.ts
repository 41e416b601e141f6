import { createHash } from "node:crypto";
import type { StorePaths } from "../files/store-paths.js";
import { MASKING_RULES } from "../masking/rules.js";
import { isFields } from "../text/json-fields.js";
import { fileOf, readIfThere } from "./store-files.js";

/** The ending of the file that says which files of a session were masked, and by which rules. */
const MASKED = "masked.json";

/** Tells whether the rules of this looptrace have masked a file of a session. @param name with the session's id */
export type IsMasked = (name: string, text: string) => boolean;

/**
 * What was masked of a session's files when they were kept. Nothing where other rules did, and of a file that has
 * changed since: what is not known to be masked is looked through again.
 */
export async function maskedFiles(paths: StorePaths, rootId: string): Promise<IsMasked> {
  const digests = await digestsOf(paths, rootId);
  // Whoever has no such file need not wait for a digest.
  return (name, text) => digests.has(name) && digests.get(name) === digestOf(text);
}

/**
 * Which files are masked by the rules of this looptrace, beside those that were before.
 *
 * @returns the file that keeps it in mind
 */
export async function maskedNote(
  paths: StorePaths,
  rootId: string,
  files: ReadonlyMap<string, string>,
): Promise<{ readonly path: string; readonly text: string }> {
  const digests = await digestsOf(paths, rootId);
  for (const [name, text] of files) digests.set(name, digestOf(text));
  const told = { rules: MASKING_RULES, files: Object.fromEntries(digests) };
  return { path: fileOf(paths, rootId, MASKED), text: JSON.stringify(told) };
}

async function digestsOf(paths: StorePaths, rootId: string): Promise<Map<string, unknown>> {
  try {
    const told: unknown = JSON.parse(await readIfThere(fileOf(paths, rootId, MASKED)));
    if (isFields(told) && told.rules === MASKING_RULES && isFields(told.files))
      return new Map(Object.entries(told.files));
  } catch {
    // It says nothing then, as where it is not there.
  }
  return new Map();
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
