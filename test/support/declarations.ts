import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** The compiler, to be started with node. On one thread it takes a third less processor time. */
export const TSC: readonly [string, ...string[]] = [
  join(REPOSITORY, "node_modules", "typescript", "bin", "tsc"),
  "--singleThreaded",
];

/**
 * Writes the declarations of the package into a folder, as the build does: `index.d.ts` is what programs import. The
 * sources are not checked once more, which takes three quarters of the time: `npm run check` does that.
 */
export async function emitDeclarations(folder: string): Promise<void> {
  const options = ["-p", "tsconfig.build.json", "--emitDeclarationOnly", "--noCheck", "--outDir", folder];
  await execa(process.execPath, [...TSC, ...options], { cwd: REPOSITORY });
}
