import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect, type ServerConnection } from "../../src/opencode/server/connection.js";
import { freePort } from "../../src/opencode/server/free-port.js";
import { readSessionFrom } from "../../src/opencode/server/read-session.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { namesIn } from "../docs/pages.js";
import type { Scenario } from "../provider/scenario.js";
import { cliEnvironment, looptrace, startLooptrace, violationsOf } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { cuttingProxy } from "../support/cutting-proxy.js";
import { type FollowingCli, startFollowing } from "../support/following-cli.js";
import { type IsolatedOpenCode, isolatedOpenCode } from "../support/isolated-opencode.js";
import { type RunningServer, serveOpenCode } from "../support/opencode-server.js";
import { openSession, until } from "../support/play-on-server.js";
import { answer, type Json, madeScenario, refused, usage } from "../support/play-run.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { scriptedServer } from "../support/scripted-server.js";
import { ownWarmOpenCode } from "../support/warm-opencode.js";
import { eventsIn, spansIn } from "../trace/walk-trace.js";

allowColdStarts();

/** attach follows all sessions of a server, so other tests' must not be among them. */
const opencode = ownWarmOpenCode();

interface Place {
  readonly bench: IsolatedOpenCode;
  readonly server: Pick<RunningServer, "connection">;
  readonly receiver: Receiver;
  readonly env: Readonly<Record<string, string>>;
}

async function place(scenario: Scenario): Promise<Place> {
  const bench = await opencode(scenario);
  onTestFinished(() => bench.remove());
  return await placeAt(bench, { connection: bench.server });
}

async function placeAt(bench: IsolatedOpenCode, server: Place["server"]): Promise<Place> {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const env = { ...cliEnvironment(bench, receiver), OPENCODE_SERVER_PASSWORD: server.connection.password };
  return { bench, server, receiver, env };
}

function attached(url: string, { env, bench }: Place, ...flags: readonly string[]): Promise<FollowingCli> {
  return startFollowing(["attach", url, "--json", ...flags], { env, cwd: bench.workdir });
}

/** What stands on the wire: each span's id and start, sorted; a span that came twice stands there twice. */
function wired(receiver: Receiver): readonly string[] {
  return receiver
    .spans()
    .map(({ spanId, startTimeUnixNano }) => `${spanId} ${BigInt(startTimeUnixNano) / 1_000_000n}`)
    .sort();
}

/** The same of the traces as the server's sessions give them. */
async function expected(
  connection: ServerConnection,
  ...sessionIds: readonly string[]
): Promise<readonly string[]> {
  const client = await connect(connection);
  const spans: string[] = [];
  for (const id of sessionIds) {
    const { tree } = await readSessionFrom(client, id);
    for (const { loop } of traceSession(tree)) {
      for (const { spanId, start } of spansIn(loop)) spans.push(`${spanId} ${start}`);
      for (const { spanId, at } of eventsIn(loop)) spans.push(`${spanId} ${at}`);
    }
  }
  return spans.sort();
}

async function ask({ bench, server }: Place, text = "Go.", session?: string) {
  const client = await connect(server.connection, bench.workdir);
  const sessionID = session ?? (await openSession(client));
  const done = client.session.prompt({ sessionID, parts: [{ type: "text", text }] });
  return { sessionID, done };
}

/** For a tool that has no end before the test says so. */
const UNTIL_TOLD = "until [ -e go ]; do sleep 0.1; done";

/** A turn of so many steps, each with a tool that waits; all but the first one wait until they are told. */
const toldTurn = (steps: number): Scenario => longTurn(steps, (index) => (index === 0 ? "true" : UNTIL_TOLD));

/** A turn of so many steps, each with a tool that waits. */
function longTurn(
  steps: number,
  wait: (index: number) => string,
  beforeTheAnswer: readonly Json[] = [],
): Scenario {
  const replies = Array.from({ length: steps }, (_, index) => ({
    delayMs: 20,
    text: `Step ${index}.`,
    toolCalls: [
      {
        id: `call_${index}`,
        name: "bash",
        arguments: { command: `${wait(index)}; echo ${index}`, description: "Waits" },
      },
    ],
    usage,
  }));
  return madeScenario([...replies, ...beforeTheAnswer, answer]);
}

describe("a server that somebody else runs", () => {
  test("a turn goes out while it runs, each span once, and is told when it is over", async () => {
    const here = await place(toldTurn(4));
    const attach = await attached(here.server.connection.url, here);
    const { sessionID, done } = await ask(here);
    await until(() => here.receiver.spans().length > 0);
    expect(attach.turns()).toEqual([]);
    expect(here.receiver.spans().map(({ name }) => name)).not.toContain("opencode.loop");
    await writeFile(join(here.bench.workdir, "go"), "");
    await done;
    await until(() => attach.turns().length === 1);
    const all = await expected(here.server.connection, sessionID);
    const fields = attach.turns().map((turn) => Object.keys(turn).toSorted());
    expect(fields).toEqual([namesIn("docs/json.md", "attach and watch").toSorted()]);
    expect(attach.turns()).toMatchObject([
      { sessionId: sessionID, turn: 0, error: null, kept: true, totals: { steps: 5, tools: 4 } },
    ]);
    expect(await attach.end()).toMatchObject({ code: 0 });
    expect(wired(here.receiver)).toEqual(all);
    expect(violationsOf(here.receiver)).toEqual([]);
    // What a later `trace` finds is what was sent.
    const again = await looptrace(["trace", sessionID], { env: here.env, cwd: here.bench.workdir });
    expect(again.stderr).toContain(`${all.length} were there already`);
    expect(wired(here.receiver)).toEqual(all);
  });

  test("a turn under way is followed to its end, and its retries are kept", async () => {
    const full = refused(429, "Rate limit reached", {}, { "retry-after-ms": "300" });
    const here = await place(longTurn(1, () => UNTIL_TOLD, [full]));
    const { sessionID, done } = await ask(here);
    const attach = await attached(here.server.connection.url, here);
    await writeFile(join(here.bench.workdir, "go"), "");
    await done;
    await until(() => attach.turns().length === 1);
    expect(await attach.end()).toMatchObject({ code: 0 });
    const folder = join(here.bench.home, ".local/share/looptrace/sessions");
    const [run] = (await readdir(folder)).filter((name) => name.startsWith(`${sessionID}.run-`));
    expect(JSON.parse(await readFile(join(folder, run ?? ""), "utf8"))).toMatchObject({
      exit: { kind: "served" },
      retries: [{ sessionId: sessionID, attempt: 1, reason: "Rate limit reached" }],
    });
  });

  test("whatever becomes of the connection, nothing is lost and nothing comes twice", async () => {
    const here = await place(longTurn(6, () => "sleep 0.3"));
    const proxy = await cuttingProxy(here.server.connection.url);
    onTestFinished(proxy.close);
    const attach = await attached(proxy.url, here);
    const { sessionID, done } = await ask(here);
    // In each step at another moment after its request, ms.
    let cuts = 0;
    for (const [step, moment] of [0, 300, 40, 150, 500, 90].entries()) {
      await here.bench.provider.arrivalOf(step + 1);
      await new Promise((later) => setTimeout(later, moment));
      cuts += Math.min(1, proxy.cut());
    }
    await done;
    expect(cuts).toBeGreaterThan(1);
    await until(() => attach.turns().length === 1);
    const { code } = await attach.end();
    expect(code).toBe(0);
    expect(attach.turns()).toMatchObject([{ sessionId: sessionID, totals: { steps: 7, tools: 6 } }]);
    expect(wired(here.receiver)).toEqual(await expected(here.server.connection, sessionID));
  });

  test("a turn that ended while the connection was away is told when it is back", async () => {
    const here = await place(longTurn(1, () => "sleep 0.3"));
    const proxy = await cuttingProxy(here.server.connection.url);
    onTestFinished(proxy.close);
    const attach = await attached(proxy.url, here);
    const cutting = setInterval(() => proxy.cut(), 1);
    const { sessionID, done } = await ask(here);
    await done;
    clearInterval(cutting);
    await until(() => attach.turns().length === 1);
    await attach.end();
    expect(wired(here.receiver)).toEqual(await expected(here.server.connection, sessionID));
  });

  test("Ctrl-C in the middle of a turn: it is kept and said so, and the rest is sent later", async () => {
    const here = await place(toldTurn(3));
    const attach = await attached(here.server.connection.url, here);
    const { sessionID, done } = await ask(here);
    await until(() => here.receiver.spans().length > 0);
    const { code, stderr } = await attach.end();
    expect(code).toBe(0);
    expect(stderr).toContain(`${sessionID} is at work still: it is kept as far as it came.`);
    const shown = await looptrace(["show", sessionID], { env: here.env, cwd: here.bench.workdir });
    expect([shown.code, shown.stdout.includes("Step 0.")]).toEqual([0, true]);
    await writeFile(join(here.bench.workdir, "go"), "");
    await done;
    expect((await looptrace(["trace", sessionID], { env: here.env, cwd: here.bench.workdir })).code).toBe(0);
    const all = await expected(here.server.connection, sessionID);
    expect(wired(here.receiver).map((one) => one.split(" ")[0])).toEqual(all.map((one) => one.split(" ")[0]));
  });

  test("a server that goes away and comes back", async () => {
    const bench = await isolatedOpenCode(madeScenario([answer, answer]));
    const server = await serveOpenCode(bench);
    onTestFinished(async () => {
      await server.stop();
      await bench.remove();
    });
    const here = await placeAt(bench, server);
    const port = Number(new URL(server.connection.url).port);
    const attach = await attached(here.server.connection.url, here);
    const first = await ask(here);
    await first.done;
    await until(() => attach.turns().length === 1);
    // As a crash ends it: asked to, it may wait for those who follow its events.
    server.child.kill("SIGKILL");
    await until(() => attach.stderr().includes("waiting for it to come back"));
    const again = await serveOpenCode(here.bench, port);
    onTestFinished(async () => void (await again.stop()));
    await until(() => attach.stderr().includes("is back."));
    const second = await ask(here);
    await second.done;
    await until(() => attach.turns().length === 2);
    expect((await attach.end()).code).toBe(0);
    expect(attach.stderr().match(/waiting for it/g)).toHaveLength(1);
    expect(wired(here.receiver)).toEqual(
      await expected(here.server.connection, first.sessionID, second.sessionID),
    );
  });

  test("--session follows that one, --dir those of a project, --no-live sends at the end", async () => {
    const here = await place(madeScenario([answer, answer]));
    const client = await connect(here.server.connection, here.bench.workdir);
    const wanted = await openSession(client);
    const attach = await attached(here.server.connection.url, here, "--session", wanted, "--no-live");
    const elsewhere = await attached(here.server.connection.url, here, "--dir", here.bench.home);
    const unknown = `ses_${"0".repeat(26)}`;
    const nobody = await attached(here.server.connection.url, here, "--session", unknown);
    expect(nobody.stderr()).toMatch(
      new RegExp(
        `^looptrace: The server has no session ${unknown} \\(yet\\); waiting for it\\.\nlooptrace: following `,
      ),
    );
    expect((await nobody.end()).code).toBe(0);
    const other = await ask(here);
    await other.done;
    await (await ask(here, "Go.", wanted)).done;
    await until(() => attach.turns().length === 1);
    expect(attach.stderr()).not.toContain("has no session");
    expect(await attach.end()).toMatchObject({ code: 0 });
    expect(attach.turns()).toMatchObject([{ sessionId: wanted }]);
    expect(await elsewhere.end()).toMatchObject({ code: 0 });
    expect(elsewhere.turns()).toEqual([]);
  });
});

test("a session that the server does not have is told at once, also when all else is silent", async () => {
  const server = await scriptedServer({});
  const env = { HOME: "/nonexistent", LOOPTRACE_HOME: "/nonexistent/looptrace", PATH: process.env.PATH };
  const argv = ["attach", server.url, "--session", "ses_unknown", "-q"];
  const { child, ended } = startLooptrace(argv, { env, cwd: "/" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stderr ?? expect.unreachable(), "data");
  child.kill("SIGINT");
  expect(await ended).toMatchObject({
    code: 0,
    stdout: "",
    stderr: [
      "looptrace: The server has no session ses_unknown (yet); waiting for it.\n",
      "looptrace: ending; what is over is being delivered. Once more quits at once.\n",
    ].join(""),
  });
});

describe("what cannot be followed", () => {
  const around = { env: { HOME: "/nonexistent" }, cwd: "/" };

  test("nobody listens", async () => {
    const port = await freePort();
    const { code, stderr } = await looptrace(["attach", `127.0.0.1:${port}`], around);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`^looptrace: No opencode can be reached at http://127\\.0\\.0\\.1:${port}: .*ECONNREFUSED`),
    );
  });

  test.each([
    [401, "wants a password: set OPENCODE_SERVER_PASSWORD", []],
    [401, "does not take this password", ["--password", "wrong"]],
    [404, "does not look like opencode", []],
  ])("a server that answers %d", async (status, said, flags) => {
    const server = createServer((_, response) => response.writeHead(status).end()).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await until(() => server.listening);
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const { code, stderr } = await looptrace(["attach", `http://127.0.0.1:${port}/`, ...flags], around);
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
    expect(stderr).not.toContain("wrong");
  });

  test.each([
    ["http://opencode:hunter2@127.0.0.1:99999", "is no address of a server"],
    ["opencode:hunter2@127.0.0.1:x", "is no address of a server"],
    ["http://opencode:hunter2%zz@127.0.0.1:1", "No opencode can be reached at http://127.0.0.1:1"],
  ])("the password in %s is told to nobody", async (url, said) => {
    const { code, stderr, stdout } = await looptrace(["attach", url], around);
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
    expect(stderr + stdout).not.toContain("hunter2");
  });

  test.each([
    [["ftp://x"], "is no address of a server"],
    [["http://"], "is no address of a server"],
    [["http://127.0.0.1:1", "--session", "x"], 'looptrace: --session "x" is no session\'s id (ses_…).\n'],
  ])("%j", async (argv, said) => {
    const { code, stderr } = await looptrace(["attach", ...argv], around);
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
  });
});
