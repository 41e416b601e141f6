import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether this machine has a Redis. */
export function isRedisInstalled(): boolean {
  return spawnSync("redis-server", ["--version"]).status === 0;
}

/** A Redis on a free port of 127.0.0.1, which writes down all that it is told before it answers. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** As a crash ends it. */
  kill(): Promise<void>;
  /** Starts it again, with what it had. */
  start(): Promise<void>;
  /** Ends it, and removes what it has written. */
  remove(): Promise<void>;
}

/** @param settings further arguments of redis-server */
export async function startRedisServer(...settings: readonly string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "looptrace-redis-"));
  const port = await freePort();
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
    const started = spawn("redis-server", [...bind, ...lasting, ...settings], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    child = started;
    let said = "";
    started.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    while (!said.includes("Ready to accept connections")) {
      if (started.exitCode !== null) throw new Error(`redis-server: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    start,
    remove: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
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
