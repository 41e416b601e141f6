/**
 * What a start of the command line and an import of the library take by the form that they come in: CPU time as ratios
 * to that of `node -e 0`, the least of some rounds of each, by turns in one run. docs/performance.md has the figures, and says what was kept.
 *
 *   npx tsx test/bench/starts.ts
 */
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { PEERS, plugins, writeBundle } from "../../src/build/bundle.js";
import { writeDoors } from "../../src/build/write-doors.js";
import { writeExports } from "./processes.js";

const ROUNDS = 15;
const repository = fileURLToPath(new URL("../../", import.meta.url));

interface Form {
  readonly name: string;
  /** Where programs import the library from, in `dist`. */
  readonly library: string;
  /** Writes the command line and the library into the package's `dist`. */
  readonly write: (dist: string) => Promise<unknown>;
}

/** As ES modules: file for file, or in split chunks; with what the packages bring outside or inside. */
const modules = (name: string, split: "files" | "chunks", packages: "outside" | "inside"): Form => ({
  name,
  library: split === "files" ? "index.js" : "cli/library.js",
  write: async (dist) => {
    const bundle = await rolldown({
      input: {
        [split === "files" ? "cli/main" : "main"]: join(repository, "src/cli/main.ts"),
        [split === "files" ? "index" : "library"]: join(repository, "src/index.ts"),
      },
      cwd: repository,
      platform: "node",
      external: packages === "outside" ? /^(?:@?[a-z][\w-]*(?:\/|$))/ : PEERS,
      plugins: split === "files" ? [] : [...plugins],
    });
    const files = { dir: dist, preserveModules: true, preserveModulesRoot: join(repository, "src") };
    const chunks = { dir: join(dist, "cli"), chunkFileNames: "[name].js" };
    await bundle.write({ format: "esm", ...(split === "files" ? files : chunks) });
    await bundle.close();
  },
});

const FORMS: readonly Form[] = [
  modules("file for file", "files", "outside"),
  modules("ES modules in chunks, packages outside", "chunks", "outside"),
  modules("ES modules in chunks", "chunks", "inside"),
  {
    name: "CommonJS in chunks, as shipped",
    library: "index.js",
    write: async (dist) => writeDoors(dist, "cli", await writeBundle(join(dist, "cli"))),
  },
];

const folder = await mkdtemp(join(tmpdir(), "looptrace-starts-"));
try {
  const [session = ""] = await writeExports(folder, 0.5);
  const built: { readonly name: string; readonly main: string; readonly importing: readonly string[] }[] = [];
  for (const [index, { name, library, write }] of FORMS.entries()) {
    const home = join(folder, String(index));
    await mkdir(join(home, "dist"), { recursive: true });
    await cp(join(repository, "package.json"), join(home, "package.json"));
    await symlink(join(repository, "node_modules"), join(home, "node_modules"));
    await write(join(home, "dist"));
    const url = JSON.stringify(pathToFileURL(join(home, "dist", library)));
    const importing = ["--input-type=module", "-e", `await import(${url})`];
    built.push({ name, main: join(home, "dist", "cli", "main.js"), importing });
  }
  // One form keeps compiled code, which is no matter of the form.
  const withoutCode = { NODE_DISABLE_COMPILE_CACHE: "1" };
  const paths = { PATH: process.env.PATH, HOME: folder, LOOPTRACE_HOME: join(folder, "home") };
  const env = { ...paths, ...withoutCode, TIMEFORMAT: "%U %S" };
  /** The CPU time of a whole process of Node.js, ms: bash knows it. */
  const cpuOf = (args: readonly string[]): number => {
    const { status, stderr } = spawnSync("bash", ["-c", 'time "$0" "$@" >/dev/null', process.execPath, ...args], {
      env,
      encoding: "utf8",
    });
    const [, user, system] = /^([\d.]+) ([\d.]+)$/m.exec(stderr) ?? [];
    if (status !== 0) throw new Error(`node ended with ${status}: ${stderr}`);
    return 1000 * (Number(user) + Number(system));
  };
  const wholes: readonly (readonly [string, (form: (typeof built)[number]) => readonly string[]])[] = [
    ["looptrace --version", ({ main }) => [main, "--version"]],
    ["looptrace --help", ({ main }) => [main, "--help"]],
    ["looptrace show, 0.5 MB", ({ main }) => [main, "show", session]],
    ["import of the library", ({ importing }) => importing],
  ];
  for (const [whole, argumentsOf] of wholes) {
    const sides = [
      ["node -e 0", ["-e", "0"]] as const,
      ...built.map((form) => [form.name, argumentsOf(form)] as const),
    ];
    const least = sides.map(() => Number.POSITIVE_INFINITY);
    for (let round = 0; round < ROUNDS; round += 1)
      for (const [index, [, args]] of sides.entries()) least[index] = Math.min(least[index] ?? Number.NaN, cpuOf(args));
    process.stdout.write(`${whole}\n`);
    for (const [index, [name]] of sides.entries()) {
      const ms = least[index] ?? Number.NaN;
      process.stdout.write(`  ${(ms / (least[0] ?? Number.NaN)).toFixed(2)}  ${ms.toFixed(0)} ms  ${name}\n`);
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
