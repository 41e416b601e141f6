import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { maskFor } from "../../../src/masking/mask.js";

/** What masking did to source in which nothing is secret. */
export interface Innocents {
  readonly lines: number;
  /** The lines that were changed, shortened, each with its file. */
  readonly masked: readonly string[];
}

const SOURCE = /\.(?:[cm]?js|ts|json|md|css|ya?ml)$/;
const LONGEST = 400_000;
/** Of packages that look for secrets the examples have the shape of some. */
const HAS_EXAMPLES = /@secretlint/;

/**
 * Masks files of the installed packages, each as a session of its own, and counts the lines that are not as they were.
 *
 * @param lines about how many are looked at, of files that are spread over all packages
 * @param offset another one takes other files
 */
export async function measureInnocents(lines: number, offset = 0): Promise<Innocents> {
  const root = fileURLToPath(new URL("../../../node_modules", import.meta.url));
  const files = filesBelow(root);
  const step = Math.max(1, Math.floor((files.length * AVERAGE_LINES) / lines));
  const masked: string[] = [];
  let seen = 0;
  for (let index = offset; index < files.length && seen < lines; index += step) {
    const file = files[index] ?? "";
    const path = join(root, file);
    // So many files that asking all of them for their size would take longer than masking some.
    if (statSync(path).size >= LONGEST) continue;
    const text = readFileSync(path, "utf8");
    seen += text.split("\n").length;
    const result = (await maskFor([text], { environment: {} }))(text);
    if (result === text) continue;
    for (const line of result.split("\n")) {
      const at = line.indexOf("[masked: ");
      if (at >= 0) masked.push(`${file}: ${line.slice(Math.max(0, at - 60), at + 60).trim()}`);
    }
  }
  return { lines: seen, masked };
}

const AVERAGE_LINES = 100;

/** In an order that does not depend on the disk. */
function filesBelow(root: string): readonly string[] {
  const found: string[] = [];
  const left = [""];
  for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      // What npm and the tests put there for themselves is no package.
      if (folder === "" && entry.name.startsWith(".")) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) left.push(path);
      else if (SOURCE.test(entry.name) && !HAS_EXAMPLES.test(path)) found.push(path);
    }
  }
  return found.sort();
}
