import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { findProcesses } from "../../../src/opencode/program/end-processes.js";
import { createRunFolder } from "../../../src/opencode/program/run-folder.js";
import { connect, type ServerConnection } from "../../../src/opencode/server/connection.js";
import { followEvents, type StreamTrouble } from "../../../src/opencode/server/event-stream.js";
import { freePort } from "../../../src/opencode/server/free-port.js";
import { startServer } from "../../../src/opencode/server/start-server.js";
import { loadScenario } from "../../provider/load-scenario.js";
import { allowColdStarts } from "../../support/cold-starts.js";
import { isolatedOpenCode, openCodeBinary } from "../../support/isolated-opencode.js";

allowColdStarts();

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serverOptions() {
  const bench = await isolatedOpenCode(await loadScenario("plain-answer"));
  cleanUps.push(() => bench.remove());
  const folder = await createRunFolder();
  cleanUps.push(() => folder.remove());
  return {
    path: openCodeBinary(),
    folder,
    environment: bench.env,
    directory: bench.workdir,
    configContent: null,
  };
}

/** Follows the events of a server; settles when that lets it in, or does not. */
async function follow(connection: ServerConnection) {
  const ending = new AbortController();
  const told: (readonly [string, string | undefined])[] = [];
  const troubles: StreamTrouble[] = [];
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const ended = followEvents(connection, {
    signal: ending.signal,
    onEvent: ({ type }, directory) => told.push([type, directory]),
    onConnected: () => begin(),
    onTrouble: (trouble) => {
      troubles.push(trouble);
      begin();
    },
  });
  const end = async (): Promise<void> => {
    ending.abort();
    await ended;
  };
  cleanUps.push(end);
  await begun;
  return { told, troubles, end };
}

// All that a real server is needed for, for each costs a start.
test("a server answers only to whom it belongs, tells its version and what happens, and leaves nothing behind", async () => {
  const options = await serverOptions();
  const server = await startServer(options);
  expect(await server.version).toMatch(/^\d+\.\d+\.\d+/);
  expect(server.exit).toBeNull();
  const stranger = await fetch(`${server.connection.url}/session`);
  expect(stranger.status).toBe(401);
  const client = await connect(server.connection, options.directory);
  expect((await client.session.list()).data).toEqual([]);
  const { told, end } = await follow(server.connection);
  const refused = await follow({ url: server.connection.url });
  expect(refused.troubles[0]?.kind).toBe("unauthorized");
  await refused.end();
  // It says that it is connected a moment before it listens.
  await expect
    .poll(async () => {
      await client.session.create({});
      return told;
    })
    .toContainEqual(["session.created", options.directory]);
  await end();
  expect(await readFile(server.logPath, "utf8")).toContain("level=INFO");
  expect(await server.stop()).toMatchObject({ kind: "signalled", by: "caller" });
  expect(server.exit).not.toBeNull();
  expect(findProcesses(options.folder.runId)).toEqual([]);
});

test("a server can be stopped while it starts", async () => {
  const options = await serverOptions();
  const controller = new AbortController();
  const starting = startServer({ ...options, signal: controller.signal });
  controller.abort(new Error("no longer wanted"));
  await expect(starting).rejects.toThrow("no longer wanted");
  expect(findProcesses(options.folder.runId)).toEqual([]);
});

async function fakeServer(script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fake-serve-"));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "opencode");
  await writeFile(path, `#!${process.execPath}\n${script}`);
  await chmod(path, 0o755);
  return path;
}

test("a server that ends at once is told with what it said", async () => {
  const path = await fakeServer(`console.error("This machine has no database."); process.exit(3);`);
  const starting = startServer({ ...(await serverOptions()), path });
  await expect(starting).rejects.toThrow(
    /`opencode serve` ended with exit code 3 before it listened\.\nopencode said: This machine has no database\./,
  );
});

test.each([
  "Failed to start server. Is port in use?",
  // All that 1.18.33 says.
  "Error: Unexpected error\n\nServeError",
])("a port that was taken in the meantime is no failure: another one is tried (%s)", async (said) => {
  const folder = await mkdtemp(join(tmpdir(), "ports-"));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  const path = await fakeServer(`
    const fs = require("node:fs"), http = require("node:http"), seen = ${JSON.stringify(join(folder, "seen"))};
    if (!fs.existsSync(seen)) { fs.writeFileSync(seen, ""); console.error(${JSON.stringify(said)}); process.exit(1); }
    const port = Number(process.argv.find((a) => a.startsWith("--port=")).slice(7));
    http.createServer((_, answer) => answer.end('{"version":"1.18.0"}')).listen(port, "127.0.0.1", () => console.log("opencode server listening on x"));
  `);
  const server = await startServer({ ...(await serverOptions()), path });
  expect(await server.version).toBe("1.18.0");
  await server.stop();
});

test("a program that cannot be started is no opencode", async () => {
  const starting = startServer({ ...(await serverOptions()), path: "/nowhere/opencode" });
  await expect(starting).rejects.toMatchObject({ code: "opencode_not_found" });
});

test("a free port is free", async () => {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => server.close(() => resolve()));
  expect(port).toBeGreaterThan(1023);
});
