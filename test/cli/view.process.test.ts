import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { storePathsAt } from "../../src/files/store-paths.js";
import { type CliProcess, looptrace, startLooptrace } from "../support/cli.js";
import { keepFixture } from "../support/kept-store.js";

let env: Record<string, string>;

async function temporaryHome(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "view-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  env = { PATH: process.env.PATH ?? "", HOME: folder, LOOPTRACE_HOME: join(folder, "store") };
  return folder;
}

function start(cwd: string, ...argv: readonly string[]): CliProcess {
  const started = startLooptrace(["view", ...argv], { cwd, env });
  onTestFinished(() => void started.child.kill("SIGKILL"));
  return started;
}

async function firstLine({ child }: CliProcess): Promise<string> {
  let text = "";
  for (;;) {
    if (!child.stdout) throw new Error("no standard output");
    const [piece] = await once(child.stdout, "data");
    text += String(piece);
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
}

test.each(["SIGINT", "SIGTERM"] as const)("it prints the address, serves, and ends well on %s", async (signal) => {
  const folder = await temporaryHome();
  const id = await keepFixture(storePathsAt(env.LOOPTRACE_HOME ?? ""), "multistep@1.18.33");
  const started = start(folder);
  const url = await firstLine(started);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
  expect((await fetch(`${url}sessions/${id}`)).status).toBe(200);
  // A page that listens does not hold it up.
  const listening = await fetch(`${url}changes`);
  started.child.kill(signal);
  expect(await started.ended).toEqual({
    code: 0,
    signal: null,
    stdout: `${url}\n`,
    stderr: expect.stringMatching(
      /^looptrace: the kept sessions, .*Ctrl-C ends it\. Open\n\d+ sessions?.* The page follows/,
    ),
  });
  await listening.text().catch(() => "");
});

test("--json prints the address on its first line", async () => {
  const folder = await temporaryHome();
  const started = start(folder, "--json");
  const { url, ...more } = JSON.parse(await firstLine(started));
  expect([(await fetch(url)).status, more]).toEqual([200, {}]);
});

test("a port that is taken is wrong usage, and the message says what to do", async () => {
  const folder = await temporaryHome();
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { code, stdout, stderr } = await looptrace(["view", "--port", String(port)], { env, cwd: folder });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toBe(
    `looptrace: Port ${port} is in use already.\nName another one, or none: then a free one is taken.\n`,
  );
});

test.each(["65536", "-1", "x", "1.5", ""])("--port %j is refused", async (port) => {
  const folder = await temporaryHome();
  const { code, stderr } = await looptrace(["view", `--port=${port}`], { env, cwd: folder });
  expect(code).toBe(2);
  expect(stderr).toContain("Give a port, 0 to 65535.");
});
