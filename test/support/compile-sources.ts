import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { PEERS, writeBundle } from "../../src/build/bundle.js";
import { compileTap } from "../../src/build/compile-tap.js";
import { buildPages } from "../../src/web/bundle-pages.js";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** What tests start with node. */
export const PROGRAMS = [
  "src/files/claim-token.ts",
  "test/batch/record-and-die.ts",
  "test/batch/verify-and-die.ts",
  "test/batch/worktree-and-die.ts",
  "test/deliver/deliver-and-die.ts",
  "test/deliver/deliver-when-told.ts",
  "test/files/count-under-lock.ts",
  "test/files/hold-lock.ts",
  "test/files/write-as.ts",
  "test/opencode/drive-and-hang.ts",
  "test/opencode/program/make-and-die.ts",
  "test/opencode/program/run-and-hang.ts",
  "test/support/opencode2-program-main.ts",
  "test/support/warm-opencode-program.ts",
] as const;

/** One whose packages look at how they were loaded: they stay where they are installed. */
const INSTRUMENTED = "test/opentelemetry/run-service.ts";

export type Program = (typeof PROGRAMS)[number] | typeof INSTRUMENTED;

/** Sources in JavaScript, for one run of the tests. */
export interface CompiledSources {
  /** Stands for the repository: `dist/cli/main.js` is below it, and what tests start, at its place. */
  readonly folder: string;
  remove(): Promise<void>;
}

/**
 * Bundles the command line as the package has it, and each program of the tests: one that has its modules in few files
 * starts in half the time.
 *
 * They lie below the repository's `node_modules`, since they import what is there.
 */
export async function compileSources(): Promise<CompiledSources> {
  const parent = join(repository, "node_modules", ".looptrace-tests");
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "run-"));
  const files: BuildOptions = {
    outdir: folder,
    outbase: repository,
    absWorkingDir: repository,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent",
  };
  const bundled: BuildOptions = { ...files, bundle: true, plugins: [atItsPlace(folder)] };
  // They look for it beside their own sources, the command line beside itself.
  await compileTap(join(folder, "src", "wire", "tap"));
  await build({
    ...bundled,
    entryPoints: [...PROGRAMS],
    splitting: true,
    external: PEERS,
    minifySyntax: true,
    minifyWhitespace: true,
    // Packages that are CommonJS ask for modules of Node.js so.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  await build({ ...bundled, entryPoints: [INSTRUMENTED], packages: "external" });
  await copyFile(join(repository, "package.json"), join(folder, "package.json"));
  // The pages for the browser, which looptrace looks for there.
  await buildPages();
  await mkdir(join(folder, "dist"));
  await symlink(join(repository, "dist", "web"), join(folder, "dist", "web"));
  await symlink(join(folder, "src", "wire"), join(folder, "dist", "wire"));
  await writeBundle(join(folder, "dist", "cli"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A module finds what lies beside it from where it would lie itself, not from its bundle. */
function atItsPlace(folder: string): Plugin {
  return {
    name: "at-its-place",
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const place = join(folder, relative(repository, path).replace(/\.ts$/, ".js"));
        const code = await readFile(path, "utf8");
        const contents = code.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(place).href));
        return { contents, loader: "ts" };
      });
    },
  };
}
