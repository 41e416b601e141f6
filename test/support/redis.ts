import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { redisAddress } from "../../src/fleet/redis-address.js";
import { openRedis, type RedisLink, type RedisLinkHooks } from "../../src/fleet/redis-link.js";

/** Whether this machine has a Redis; without one the tests that need it are skipped. */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;

if (!hasRedis && process.env.CI)
  process.stderr.write("redis-server is not on the PATH: the tests of the fleet are skipped.\n");

/** A Redis of a test's own on 127.0.0.1, which writes down all that it is told before it answers. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** As a crash ends it. */
  kill(): Promise<void>;
  /** Starts it again, with what it had. */
  start(): Promise<void>;
  /** A connection, closed with the test. */
  link(hooks?: RedisLinkHooks): Promise<RedisLink>;
}

/** Removed with the test. @param settings further arguments of redis-server */
export async function startRedis(...settings: readonly string[]): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), "looptrace-redis-"));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exit = once(running, "exit");
    running.kill("SIGKILL");
    await exit;
  };
  const start = async (): Promise<void> => {
    const bind = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder];
    const lasting = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
    child = spawn("redis-server", [...bind, ...lasting, ...settings], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { stdout } = child;
    let said = "";
    for await (const chunk of stdout ?? []) {
      said += String(chunk);
      if (said.includes("Ready to accept connections")) break;
    }
    if (!said.includes("Ready to accept connections")) throw new Error(`redis-server: ${said}`);
  };
  onTestFinished(async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  });
  await start();
  return {
    url,
    port,
    kill,
    start,
    link: async (hooks) => {
      const link = await openRedis(redisAddress(url), hooks);
      onTestFinished(() => link.close());
      return link;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
