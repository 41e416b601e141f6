import { readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isFields } from "../../text/json-fields.js";

/**
 * Which opencode a program is: 1, up to 1.18, or 2. They have other commands, other routes, other exports and other
 * sessions, so each is asked in its own way.
 */
export type Generation = 1 | 2;

/**
 * The generation of a version. Without a version, and for a local build (0.0.0), it is the first.
 *
 * @param version such as `1.18.33`, `2.0.26`
 */
export function generationOf(version: string | null): Generation {
  return version !== null && Number(/^\d+/.exec(version)?.[0] ?? 0) >= 2 ? 2 : 1;
}

/** What a program prints as its version, and the generation that this means. */
export interface PrintedVersion {
  readonly version: string;
  readonly generation: Generation;
}

/**
 * The version in what `--version` printed: the last line that is one. opencode 2 puts its name before it
 * (`opencode v2.0.26`, `opencode2 v2.0.0-0720`), so there a local build tells its generation too.
 *
 * @returns undefined when no line is a version
 */
export function printedVersion(output: string): PrintedVersion | undefined {
  const lines = [...output.matchAll(/^(opencode2? )?v?(\d+\.\d+\.\d+\S*)$/gm)];
  const [, name, version] = lines.at(-1) ?? [];
  if (version === undefined) return undefined;
  const isLocal = version.startsWith("0.0.0");
  return { version, generation: isLocal && name !== undefined ? 2 : generationOf(version) };
}

/** npm's packages of opencode 2, and its binaries for one platform each. */
const PACKAGE_OF_2 = /^@opencode(?:-ai)?\/cli(?:-.+)?$/;
/** Those of 1.x, which may hold a later opencode as well. */
const PACKAGE = /^opencode-(?:ai|(?:linux|darwin|windows)-.+)$/;

/**
 * The generation of a program by the package that it came with, which costs no start of it.
 *
 * @param path absolute; a link is followed
 * @returns undefined where the program came otherwise, or in a package that does not say
 */
export function packagedGeneration(path: string): Generation | undefined {
  try {
    for (let folder = dirname(realpathSync(path)); folder !== dirname(folder); folder = dirname(folder)) {
      if (basename(folder) === "node_modules") return undefined;
      const text = manifestIn(folder);
      if (text !== undefined) return generationInManifest(JSON.parse(text));
    }
  } catch {
    // Not there any more, or no JSON: the program itself can still be asked.
  }
  return undefined;
}

function generationInManifest(manifest: unknown): Generation | undefined {
  if (!isFields(manifest) || typeof manifest.name !== "string") return undefined;
  if (PACKAGE_OF_2.test(manifest.name)) return 2;
  return PACKAGE.test(manifest.name) && typeof manifest.version === "string"
    ? generationOf(manifest.version)
    : undefined;
}

function manifestIn(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, "package.json"), "utf8");
  } catch {
    return undefined;
  }
}
