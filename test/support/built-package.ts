import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { inject } from "vitest";
import { z } from "zod";
import { askControl } from "./control-server.js";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const SOURCES = [
  ...["src", "package.json", "README.md", "CHANGELOG.md", "docs", "LICENSE"],
  ...["tsconfig.json", "tsconfig.build.json"],
];

const configFile = z.looseObject({ compilerOptions: z.record(z.string(), z.unknown()) });
const packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })]);
const builtPackage = z.object({ tarball: z.string(), files: z.array(z.string()), declarations: z.string() });

/** The package as it would be published. */
export interface BuiltPackage {
  /** The path of its tarball. */
  readonly tarball: string;
  /** What is in it. */
  readonly files: readonly string[];
  /** The folder of its declarations: `index.d.ts` is what programs import. */
  readonly declarations: string;
}

/**
 * Builds and packs a copy of the sources, so that what is built here does not get in the way of other tests.
 *
 * @param copy a folder that is not there yet
 */
export async function buildPackage(copy: string): Promise<BuiltPackage> {
  await mkdir(copy);
  for (const name of SOURCES) await cp(join(REPOSITORY, name), join(copy, name), { recursive: true });
  await symlink(join(REPOSITORY, "node_modules"), join(copy, "node_modules"), "junction");
  // What `npm run check` does of the same sources takes three quarters of the build's time.
  const tsconfig = configFile.parse(JSON.parse(await readFile(join(copy, "tsconfig.build.json"), "utf8")));
  tsconfig.compilerOptions.noCheck = true;
  await writeFile(join(copy, "tsconfig.build.json"), JSON.stringify(tsconfig));
  const { stdout } = await execa("npm", ["pack", "--json", "--silent"], { cwd: copy });
  // What the build prints stands before the JSON.
  const [{ filename, files }] = packed.parse(JSON.parse(stdout.slice(stdout.indexOf("["))));
  return { tarball: join(copy, filename), files: files.map(({ path }) => path), declarations: join(copy, "dist") };
}

/** That of all test files of a run; the first that wants it has it built. */
export async function sharedPackage(): Promise<BuiltPackage> {
  return builtPackage.parse(await askControl(inject("sharedProcesses"), "package"));
}
