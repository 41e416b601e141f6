/**
 * What a start of the command line takes by the form that it comes in: CPU time as ratios to that of `node -e 0`, the
 * least of some rounds of each, by turns in one run. docs/performance.md has the figures, and says what was kept.
 *
 *   npx tsx test/bench/starts.ts
 */
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { bundleCommandLine, PEERS, plugins } from "../../src/cli/bundle.js";
import { writeExports } from "./processes.js";

const ROUNDS = 15;
const repository = fileURLToPath(new URL("../../", import.meta.url));

interface Form {
  readonly name: string;
  /** Writes the command line into the package's `dist`. */
  readonly write: (dist: string) => Promise<void>;
}

/** As ES modules: file for file, or in split chunks; with what the packages bring outside or inside. */
const modules = (name: string, split: "files" | "chunks", packages: "outside" | "inside"): Form => ({
  name,
  write: async (dist) => {
    const bundle = await rolldown({
      input: { [split === "files" ? "cli/main" : "main"]: join(repository, "src/cli/main.ts") },
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
  { name: "CommonJS in chunks, as shipped", write: (dist) => bundleCommandLine(join(dist, "cli")) },
];

const folder = await mkdtemp(join(tmpdir(), "looptrace-starts-"));
try {
  const [session = ""] = await writeExports(folder, 0.5);
  const mains: (readonly [string, string])[] = [];
  for (const [index, { name, write }] of FORMS.entries()) {
    const home = join(folder, String(index));
    await mkdir(join(home, "dist"), { recursive: true });
    await cp(join(repository, "package.json"), join(home, "package.json"));
    await symlink(join(repository, "node_modules"), join(home, "node_modules"));
    await write(join(home, "dist"));
    mains.push([name, join(home, "dist", "cli", "main.js")]);
  }
  const env = { PATH: process.env.PATH, HOME: folder, LOOPTRACE_HOME: join(folder, "home"), TIMEFORMAT: "%U %S" };
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
  for (const argv of [["--version"], ["--help"], ["show", session]]) {
    const sides = [
      ["node -e 0", ["-e", "0"]] as const,
      ...mains.map(([name, main]) => [name, [main, ...argv]] as const),
    ];
    const least = sides.map(() => Number.POSITIVE_INFINITY);
    for (let round = 0; round < ROUNDS; round += 1)
      for (const [index, [, args]] of sides.entries()) least[index] = Math.min(least[index] ?? Number.NaN, cpuOf(args));
    process.stdout.write(`looptrace ${argv[0]}${argv[0] === "show" ? ", 0.5 MB" : ""}\n`);
    for (const [index, [name]] of sides.entries()) {
      const ms = least[index] ?? Number.NaN;
      process.stdout.write(`  ${(ms / (least[0] ?? Number.NaN)).toFixed(2)}  ${ms.toFixed(0)} ms  ${name}\n`);
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
