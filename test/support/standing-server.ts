import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { ServerSpec } from "../../src/opencode/server/server-spec.js";
import { leaseServer } from "../../src/opencode/warm/lease-server.js";
import type { WarmServer } from "../../src/opencode/warm/warm-server.js";
import { eventually } from "./until.js";

/** A program in opencode's place whose servers stay. It is told by files beside it what to do. */
export interface StandingServer {
  readonly folder: string;
  /** looptrace's own folder. */
  readonly root: string;
  /** The folder of the servers. */
  readonly servers: string;
  readonly spec: ServerSpec;
  /** The process ids of all servers that were started, in order. */
  readonly starts: () => Promise<readonly number[]>;
  /** What the servers were asked, a line each. */
  readonly asked: () => Promise<readonly string[]>;
  /** The ids of the servers whose folders are there. */
  readonly ids: () => readonly string[];
  /** Gets hold of one; given back at the end of the test at the latest. */
  readonly lease: (change?: Partial<ServerSpec>) => Promise<WarmServer | undefined>;
}

/**
 * Listens as `opencode serve` does, and says which version it is. With `slow` beside it it listens half a second
 * later, with `dying` it ends at once, with `silent` it answers nothing, and as long as there is `busy` it works on.
 */
const PROGRAM = `
const { appendFileSync, existsSync } = require("node:fs");
const { createServer } = require("node:http");
const { dirname, join } = require("node:path");
const beside = (name) => join(dirname(process.argv[1]), name);
appendFileSync(beside("starts"), process.pid + "\\n");
if (existsSync(beside("dying"))) process.exit(1);
process.on("SIGINT", () => process.exit(0));
setTimeout(() => {
  createServer((request, answer) => {
    while (existsSync(beside("busy"))) continue;
    appendFileSync(beside("asked"), request.method + " " + request.url + "\\n");
    // Sessions it has none.
    if (!/health|dispose|abort/.test(request.url)) answer.statusCode = 500;
    if (!existsSync(beside("silent"))) answer.end(JSON.stringify({ healthy: true, version: "1.18.33" }));
  }).listen(Number(process.argv[4].slice(7)), "127.0.0.1", () => console.log("listening on it"));
}, existsSync(beside("slow")) ? 500 : 0);
`;

/** The program, for one that can do more than serve. */
export const STANDING_PROGRAM = PROGRAM;

/** Makes one for the running test; whatever of it is left is ended after the test. */
export async function standingServer(): Promise<StandingServer> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "standing-server-")));
  const path = join(folder, "opencode");
  const [root, directory] = [join(folder, "looptrace"), join(folder, "work")];
  await mkdir(directory);
  await writeFile(path, `#!${process.execPath}\n${PROGRAM}`, { mode: 0o755 });
  const servers = join(root, "servers");
  const ids = (): readonly string[] =>
    existsSync(servers) ? readdirSync(servers).filter((name) => /^[0-9a-f]{16}$/.test(name)) : [];
  const leased: WarmServer[] = [];
  onTestFinished(async () => {
    for (const server of leased) await server.end({ why: "the test is over", wasAborted: false });
    for (const id of ids()) {
      const text = await readFile(join(servers, id, "server.json"), "utf8").catch(() => "{}");
      const { keeper } = JSON.parse(text);
      if (keeper) process.kill(keeper.pid, "SIGTERM");
    }
    await eventually(() => expect(ids()).toEqual([]));
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  const spec: ServerSpec = {
    ...{ path, generation: 1, directory, projectConfig: false, warmMs: 600_000 },
    environment: { PATH: process.env.PATH, HOME: folder, LOOPTRACE_HOME: root },
  };
  const linesOf = async (name: string): Promise<readonly string[]> =>
    (await readFile(join(folder, name), "utf8").catch(() => "")).split("\n").filter(Boolean);
  return {
    ...{ folder, root, servers, spec, ids },
    starts: async () => (await linesOf("starts")).map(Number),
    asked: () => linesOf("asked"),
    lease: async (change = {}) => {
      const server = await leaseServer({ ...spec, ...change }, undefined);
      if (server) leased.push(server);
      return server;
    },
  };
}
