/**
 * The fleet: a Redis, two workers with the real opencode, and a batch of eight tasks that they do. A scripted model on
 * 127.0.0.1 answers. In the middle one worker is killed with SIGKILL; its tasks go to the other one, and each task
 * has one result in the end. With Langfuse's keys (or an OTLP endpoint) in the environment the traces meet there.
 *
 *   apt-get install redis-server   # or what installs a Redis on your system
 *   npm run fleet
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { taskResultSchema } from "../../src/batch/task-result.js";
import { tellWriteErrors } from "../../src/cli/write-errors.js";
import { storePaths } from "../../src/files/store-paths.js";
import { isolatedOpenCode, openCodeBinary } from "../../test/support/isolated-opencode.js";
import { isRedisInstalled, startRedisServer } from "../../test/support/redis-server.js";
import { fleetScenario, MODULES, promptOf } from "./scenario.js";

const exitCodeOf = tellWriteErrors();
const say = (text: string): void => void process.stdout.write(`${text}\n`);

if (!isRedisInstalled()) {
  process.stderr.write("redis-server is not on the PATH. On Debian and Ubuntu: apt-get install redis-server\n");
  process.exit(2);
}

/** Ends what was started, the last first. */
const cleanups: (() => Promise<unknown>)[] = [];

async function main(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "looptrace-fleet-"));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const bench = await isolatedOpenCode(fleetScenario());
  cleanups.push(() => bench.remove());
  const redis = await startRedisServer();
  cleanups.push(() => redis.remove());
  // opencode lives in a home of its own; where traces go and are kept stays the user's.
  const kept = storePaths(process.env).root;
  const destinations = Object.entries(process.env).filter(([name]) => /^(LANGFUSE_|OTEL_|TRACEPARENT$)/.test(name));
  const env = {
    ...bench.env,
    ...Object.fromEntries(destinations),
    LOOPTRACE_OPENCODE: openCodeBinary(),
    LOOPTRACE_HOME: kept,
  };

  const start = (name: string, ...argv: readonly string[]) => {
    const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    say(`${name.padEnd(8)} $ looptrace ${argv.join(" ")}`);
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), main, ...argv], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = once(child, "close");
    cleanups.push(async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await ended;
    });
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", (line) => say(`${name.padEnd(8)} ${line}`));
    return { child, ended };
  };
  const worker = (name: string) =>
    start(name, "worker", "--redis", redis.url, "-n", "2", "--lock", "3s", "--dir", bench.workdir);

  const tasks = MODULES.map(({ name }) => JSON.stringify({ id: name, prompt: promptOf(name) }));
  await writeFile(join(folder, "tasks.jsonl"), `${tasks.join("\n")}\n`);
  const first = worker("worker-1");
  worker("worker-2");
  const batch = start("batch", "batch", "tasks.jsonl", "--redis", redis.url);
  await seen(first.child, "began");
  // Long enough for it to be in the middle of its tasks.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  first.child.kill("SIGKILL");
  say("\n         kill -9 worker-1: what it was at goes to worker-2 when its lock has expired\n");
  await batch.ended;

  const lines = (await readFile(join(folder, "tasks.results.jsonl"), "utf8")).trimEnd().split("\n");
  const results = lines.map((line) => taskResultSchema.parse(JSON.parse(line)));
  say(`\n${results.length} results of ${MODULES.length} tasks:`);
  for (const { id, status, text, sessionId } of results)
    say(`  ${id.padEnd(10)} ${status}  ${sessionId}  ${text?.split("\n", 1)[0] ?? ""}`);
  const urls = results.flatMap((result) => Object.values(result.urls));
  if (urls.length > 0) say(`\nThe traces:\n${urls.map((url) => `  ${url}`).join("\n")}`);
  say(`\nThe sessions are kept in ${join(kept, "sessions")}; npx tsx src/cli/main.ts show <session> shows one.`);
  const isOnce = new Set(results.map(({ id }) => id)).size === results.length;
  return isOnce && results.length === MODULES.length && results.every(({ status }) => status === "done") ? 0 : 1;
}

/** Waits until a process has said a word. */
async function seen({ stderr }: ChildProcess, word: string): Promise<void> {
  await new Promise<void>((resolve) => {
    stderr?.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes(word)) resolve();
    });
    stderr?.on("end", resolve);
  });
}

try {
  process.exitCode = exitCodeOf(await main());
} finally {
  for (const clean of cleanups.reverse()) await clean();
}
