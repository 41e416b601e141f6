import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import type { Door } from "./bundle.js";

/**
 * Writes the modules that programs import, beside their types: ES modules of names, whose values are the bundle's. An
 * error is of the same class so, whichever door it comes from, and each module of looptrace's is there once.
 *
 * @param dist the package's folder, or what stands for it
 * @param bundle the bundle's folder in it
 */
export async function writeDoors(dist: string, bundle: string, doors: readonly Door[]): Promise<void> {
  for (const { place, fileName, names } of doors) {
    const path = posix.relative(posix.dirname(place), posix.join(bundle, fileName));
    const file = join(dist, `${place}.js`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, doorModule(path.startsWith(".") ? path : `./${path}`, names));
  }
}

/** `import` of CommonJS that throws ends a program on Node.js 20, even one that catches it; `require` does not. */
function doorModule(path: string, names: readonly string[]): string {
  const list = names.toSorted().map((name) => `  ${name},\n`);
  return `import { createRequire } from "node:module";

export const {
${list.join("")}} = createRequire(import.meta.url)(${JSON.stringify(path)});
`;
}
