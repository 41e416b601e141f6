import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundleCommandLine } from "../../src/cli/bundle.js";
import { buildPages } from "../../src/web/bundle-pages.js";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** An example that a program of the tests runs. */
const EXAMPLE = "examples/service/service.ts";

/** Sources in JavaScript, for one run of the tests. */
export interface CompiledSources {
  /** Stands for the repository: `dist/cli/main.js` is below it, and the files of `src` and `test` one for one. */
  readonly folder: string;
  remove(): Promise<void>;
}

/**
 * Bundles the command line as the package has it, and compiles `src/` and what `test/` starts as programs, file for
 * file: a process that starts from them needs a quarter of the time that it needs to compile them for itself.
 *
 * They lie below the repository's `node_modules`, since they import what is there.
 */
export async function compileSources(): Promise<CompiledSources> {
  const parent = join(repository, "node_modules", ".looptrace-tests");
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "run-"));
  await build({
    entryPoints: [...(await programsBelow("src")), ...(await programsBelow("test")), EXAMPLE],
    outdir: folder,
    outbase: repository,
    absWorkingDir: repository,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent",
  });
  // What a program there imports as `looptrace` is what was compiled.
  const manifest = await readFile(join(repository, "package.json"), "utf8");
  await writeFile(join(folder, "package.json"), manifest.replace(/(?<="default": "\.\/)dist(?=\/)/g, "src"));
  // The pages for the browser, which looptrace looks for there.
  await buildPages();
  await mkdir(join(folder, "dist"));
  await symlink(join(repository, "dist", "web"), join(folder, "dist", "web"));
  // So is the tap.
  await symlink(join(folder, "src", "wire"), join(folder, "dist", "wire"));
  await bundleCommandLine(join(folder, "dist", "cli"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function programsBelow(name: string): Promise<readonly string[]> {
  const paths = await readdir(join(repository, name), { recursive: true });
  return paths.filter((path) => /(?<!\.test|\.d)\.ts$/.test(path)).map((path) => join(name, path));
}
