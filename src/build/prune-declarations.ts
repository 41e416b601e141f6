import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** What a declaration file takes from another one of ours: `from "./a.js"`, `import("./a.js")`, `import "./a.js"`. */
const TAKEN = /\b(?:from|import)\s*\(?\s*"(\.[^"]+)\.js"/g;

/**
 * Removes the declarations that nobody can ask for: the compiler writes one for each source, and programs come by the
 * doors alone.
 *
 * @param dist the folder of the declarations
 * @param doors where programs come in, as paths in it without endings
 */
export async function pruneDeclarations(dist: string, doors: readonly string[]): Promise<void> {
  const reached = new Set<string>();
  const reach = async (path: string): Promise<void> => {
    if (reached.has(path)) return;
    reached.add(path);
    const text = await readFile(path, "utf8");
    for (const [, taken = ""] of text.matchAll(TAKEN)) await reach(resolve(dirname(path), `${taken}.d.ts`));
  };
  for (const door of doors) await reach(resolve(dist, `${door}.d.ts`));
  await removeOthers(dist, reached);
}

/** Folders that have nothing left go as well. */
async function removeOthers(folder: string, wanted: ReadonlySet<string>): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = resolve(folder, entry.name);
    if (entry.isDirectory()) await removeOthers(path, wanted);
    else if (entry.name.endsWith(".d.ts") && !wanted.has(path)) await rm(path);
  }
  if ((await readdir(folder)).length === 0) await rm(folder, { recursive: true });
}
