/**
 * The first minute, as a stranger has it: from `git clone` until it is understood which tool failed in the demo, and
 * why. Each step's wall time; npm begins with an empty cache, so that what it downloads is in the second one and not in
 * the third.
 *
 *   npx tsx test/bench/first-minute.ts
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

const folder = await mkdtemp(join(tmpdir(), "looptrace-first-minute-"));
const clone = join(folder, "looptrace");
const home = join(folder, "home");
const env = { HOME: home, LOOPTRACE_HOME: join(home, "looptrace"), npm_config_cache: join(folder, "npm") };

async function timed(what: string, command: string, args: readonly string[], cwd: string): Promise<string> {
  const start = performance.now();
  const { stdout, stderr } = await execa(command, args, { cwd, env });
  const seconds = (performance.now() - start) / 1000;
  process.stdout.write(`${seconds.toFixed(1).padStart(6)} s  ${what}\n`);
  return `${stdout}\n${stderr}`;
}

try {
  process.stdout.write(`${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)} before\n`);
  await timed("git clone", "git", ["clone", "--quiet", REPOSITORY, clone], folder);
  const install = ["ci", "--no-audit", "--no-fund"];
  await timed("npm ci, with what it downloads", "npm", install, clone);
  await timed("npm ci once more, of what npm has kept", "npm", [...install, "--prefer-offline"], clone);
  await timed("npm run demo", "npm", ["run", "-s", "demo"], clone);
  const shown = await timed("show 1 --errors", "npm", ["run", "-s", "demo", "--", "show", "1", "--errors"], clone);
  const failed = shown.split("\n").find((line) => line.includes("tool.bash"));
  if (!failed?.includes("exit 1")) throw new Error(`no failed tool is shown:\n${shown}`);
  process.stdout.write(`${failed}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
