import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { LangfuseOtelSpanAttributes } from "@langfuse/tracing";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/opencode/server/connection.js";
import { freePort } from "../../src/opencode/server/free-port.js";
import { readSessionFrom } from "../../src/opencode/server/read-session.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { namesIn } from "../docs/pages.js";
import { cliEnvironment, looptrace, startLooptrace, violationsOf } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { cuttingProxy } from "../support/cutting-proxy.js";
import { type FollowingCli, startFollowing } from "../support/following-cli.js";
import { openSession } from "../support/play-on-server.js";
import { answer, type Json, madeScenario, refused, usage } from "../support/play-run.js";
import type { ReceivedSpan } from "../support/received-spans.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { scriptedServer } from "../support/scripted-server.js";
import { until } from "../support/until.js";
import { ownWarmOpenCode, type WarmOpenCode } from "../support/warm-opencode.js";
import { eventsIn, spansIn } from "../trace/walk-trace.js";

allowColdStarts();

/** attach follows all sessions of a server, so other tests' must not be among them. */
const opencode = ownWarmOpenCode();

interface Place {
  readonly bench: WarmOpenCode;
  readonly url: string;
  readonly receiver: Receiver;
  readonly env: Readonly<Record<string, string>>;
}

async function place(lanes: readonly Json[]): Promise<Place> {
  const bench = await opencode(madeScenario([], { lanes }));
  const receiver = await startReceiver();
  onTestFinished(async () => {
    await receiver.close();
    await bench.remove();
  });
  const { url, password } = bench.server;
  return {
    bench,
    url,
    receiver,
    env: { ...cliEnvironment(bench, receiver), OPENCODE_SERVER_PASSWORD: password },
  };
}

function attached({ env, bench, url }: Place, ...flags: readonly string[]): Promise<FollowingCli> {
  return startFollowing(["attach", url, "--json", ...flags], { env, cwd: bench.workdir });
}

function spansOf(receiver: Receiver, sessionId: string): readonly ReceivedSpan[] {
  const name = LangfuseOtelSpanAttributes.TRACE_SESSION_ID;
  return receiver.spans().filter(({ attributes }) => attributes[name] === sessionId);
}

/** What stands on the wire: each span's id and start, sorted; a span that came twice stands there twice. */
function wired(spans: readonly ReceivedSpan[]): readonly string[] {
  return spans.map(({ spanId, startTimeUnixNano }) => `${spanId} ${BigInt(startTimeUnixNano) / 1_000_000n}`).sort();
}

/** The same of the traces as the server's sessions give them. */
async function expected({ bench }: Place, ...sessionIds: readonly string[]): Promise<readonly string[]> {
  const client = await connect(bench.server);
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

const idsOf = (spans: readonly string[]): readonly (string | undefined)[] => spans.map((one) => one.split(" ")[0]);

async function ask({ bench }: Place, text: string, session?: string) {
  const client = await connect(bench.server, bench.workdir);
  const sessionID = session ?? (await openSession(client));
  const done = client.session.prompt({ sessionID, parts: [{ type: "text", text }] });
  return { sessionID, done };
}

/** So many steps, each with a tool. */
const steps = (count: number, command: (index: number) => string): readonly Json[] =>
  Array.from({ length: count }, (_, index) => ({
    delayMs: 20,
    text: `Step ${index}.`,
    toolCalls: [
      {
        id: `call_${index}`,
        name: "bash",
        arguments: { command: `${command(index)}; echo ${index}`, description: "Waits" },
      },
    ],
    usage,
  }));

/** For a tool that has no end before the test says so. */
const untilTold = (name: string): string => `touch begun-${name}; until [ -e go-${name} ]; do sleep 0.1; done`;
/** All steps but the first one wait until they are told. */
const toldSteps = (count: number, name: string): readonly Json[] =>
  steps(count, (index) => (index === 0 ? "true" : untilTold(name)));

/**
 * One attach from the middle of a turn on, through a second one, to a Ctrl-C in the middle of a third one; others
 * beside it.
 */
async function followed() {
  const full = refused(429, "Rate limit reached", {}, { "retry-after-ms": "300" });
  const here = await place([
    { name: "limited", match: "limited", replies: [...steps(1, () => untilTold("limited")), full, answer] },
    { name: "whole", match: "whole", replies: [...toldSteps(4, "whole"), answer] },
    { name: "broken off", match: "broken off", replies: [...toldSteps(3, "broken"), answer] },
  ]);
  const { bench, receiver, env } = here;
  const around = { env, cwd: bench.workdir };
  const letGo = (name: string) => writeFile(join(bench.workdir, `go-${name}`), "");
  const limited = await ask(here, "limited");
  await until(() => existsSync(join(bench.workdir, "begun-limited")));
  const attach = await attached(here);

  const wanted = await openSession(await connect(bench.server, bench.workdir));
  const late = await startReceiver();
  onTestFinished(() => late.close());
  const apart = { ...cliEnvironment(bench, late), LOOPTRACE_HOME: join(bench.home, "apart") };
  const beside = { ...here, env: { ...env, ...apart } };
  const onlyWanted = await attached(beside, "--session", wanted, "--no-live");
  const elsewhere = await attached(beside, "--dir", bench.home);
  const unknown = `ses_${"0".repeat(26)}`;
  const nobody = await attached(beside, "--session", unknown);
  const nobodySaid = nobody.stderr();
  const nobodysEnd = await nobody.end();

  await letGo("limited");
  await limited.done;
  await until(() => attach.turns().length === 1, attach);
  const folder = join(env.HOME ?? "", ".local/share/looptrace/sessions");
  const [run = ""] = (await readdir(folder)).filter((name) => name.startsWith(`${limited.sessionID}.run-`));
  const limitedRun: unknown = JSON.parse(await readFile(join(folder, run), "utf8"));

  const whole = await ask(here, "whole", wanted);
  await until(() => spansOf(receiver, wanted).length > 0);
  const early = {
    turns: attach.turns().length,
    names: spansOf(receiver, wanted).map(({ name }) => name),
    late: late.spans().length,
  };
  await letGo("whole");
  await whole.done;
  await until(() => attach.turns().length === 2 && onlyWanted.turns().length === 1, attach);
  const right = await expected(here, wanted);
  await until(() => spansOf(receiver, wanted).length >= right.length);
  // What a later `trace` finds is what was sent.
  const again = await looptrace(["trace", wanted], around);

  const brokenOff = await ask(here, "broken off");
  await until(() => spansOf(receiver, brokenOff.sessionID).length > 0);
  const ends = {
    attach: await attach.end(),
    onlyWanted: await onlyWanted.end(),
    elsewhere: await elsewhere.end(),
  };
  const shown = await looptrace(["show", brokenOff.sessionID], around);
  await letGo("broken");
  await brokenOff.done;
  const traced = await looptrace(["trace", brokenOff.sessionID], around);
  return {
    ids: { limited: limited.sessionID, whole: wanted, brokenOff: brokenOff.sessionID },
    turns: { attach: attach.turns(), onlyWanted: onlyWanted.turns(), elsewhere: elsewhere.turns() },
    ends,
    nobody: { unknown, said: nobodySaid, end: nobodysEnd },
    said: { onlyWanted: onlyWanted.stderr() },
    limitedRun,
    early,
    wired: {
      whole: wired(spansOf(receiver, wanted)),
      late: wired(late.spans()),
      brokenOff: wired(spansOf(receiver, brokenOff.sessionID)),
    },
    expected: { whole: right, brokenOff: await expected(here, brokenOff.sessionID) },
    again,
    shown,
    traced,
    violations: violationsOf(receiver),
  };
}

describe("a server that somebody else runs", () => {
  let running: ReturnType<typeof followed> | undefined;
  /** The same for several tests; the first one waits for it. */
  const following = (): ReturnType<typeof followed> => (running ??= followed());

  test("a turn goes out while it runs, each span once, and is told when it is over", async () => {
    const { ids, turns, ends, early, wired: wire, expected: right, again, violations } = await following();
    expect(early.turns).toBe(1);
    expect(early.names).not.toContain("opencode.loop");
    const [, whole = {}] = turns.attach;
    expect(Object.keys(whole).toSorted()).toEqual(namesIn("docs/json.md", "attach and watch").toSorted());
    expect(whole).toMatchObject({
      ...{ sessionId: ids.whole, turn: 0, error: null, kept: true },
      totals: { steps: 5, tools: 4 },
    });
    expect(ends.attach).toMatchObject({ code: 0 });
    expect(wire.whole).toEqual(right.whole);
    expect(violations).toEqual([]);
    expect(again.stderr).toContain(`${right.whole.length} spans were there already`);
  });

  test("a turn under way is followed to its end, and its retries are kept", async () => {
    const { ids, turns, limitedRun } = await following();
    expect(turns.attach).toMatchObject([{ sessionId: ids.limited }, { sessionId: ids.whole }]);
    expect(limitedRun).toMatchObject({
      exit: { kind: "served" },
      retries: [{ sessionId: ids.limited, attempt: 1, reason: "Rate limit reached" }],
    });
  });

  test("Ctrl-C in the middle of a turn: it is kept and said so, and the rest is sent later", async () => {
    const { ids, ends, shown, traced, wired: wire, expected: right } = await following();
    const said = `${ids.brokenOff} is at work still: it is kept as far as it came.`;
    expect(ends.attach).toEqual({ code: 0, stderr: expect.stringContaining(said) });
    expect([shown.code, shown.stdout.includes("Step 0.")]).toEqual([0, true]);
    expect(traced.code).toBe(0);
    expect(idsOf(wire.brokenOff)).toEqual(idsOf(right.brokenOff));
  });

  test("--session follows that one, --dir those of a project, --no-live sends at the end", async () => {
    const { ids, turns, ends, nobody, said, early, wired: wire, expected: right } = await following();
    expect(nobody.said).toMatch(
      new RegExp(
        `^looptrace: The server has no session ${nobody.unknown} \\(yet\\); waiting for it\\.\nlooptrace: following `,
      ),
    );
    expect(nobody.end.code).toBe(0);
    expect(said.onlyWanted).not.toContain("has no session");
    expect(ends.onlyWanted).toMatchObject({ code: 0 });
    expect(turns.onlyWanted).toMatchObject([{ sessionId: ids.whole }]);
    expect([early.late, wire.late]).toEqual([0, right.whole]);
    expect(ends.elsewhere).toMatchObject({ code: 0 });
    expect(turns.elsewhere).toEqual([]);
  });

  test("whatever becomes of the connection, nothing is lost and nothing comes twice; what ended meanwhile is told", async () => {
    const here = await place([
      { name: "cut", match: "cut", replies: [...steps(6, () => "sleep 0.3"), answer] },
      { name: "away", match: "away", replies: [...steps(1, () => "sleep 0.3"), answer] },
    ]);
    const proxy = await cuttingProxy(here.url);
    onTestFinished(proxy.close);
    const attach = await attached({ ...here, url: proxy.url });
    const cut = await ask(here, "cut");
    // In each step at another moment after its request, ms.
    let cuts = 0;
    for (const [step, moment] of [0, 300, 40, 150, 500, 90].entries()) {
      await here.bench.provider.arrivalOf(step + 1);
      await new Promise((later) => setTimeout(later, moment));
      cuts += Math.min(1, proxy.cut());
    }
    await cut.done;
    expect(cuts).toBeGreaterThan(1);
    await until(() => attach.turns().length === 1, attach);

    // The connection is away until the turn is over.
    const cutting = setInterval(() => proxy.cut(), 1);
    const away = await ask(here, "away");
    await away.done;
    clearInterval(cutting);
    await until(() => attach.turns().length === 2, attach);
    expect((await attach.end()).code).toBe(0);
    expect(attach.turns()).toMatchObject([
      { sessionId: cut.sessionID, totals: { steps: 7, tools: 6 } },
      { sessionId: away.sessionID, totals: { steps: 2, tools: 1 } },
    ]);
    expect(wired(here.receiver.spans())).toEqual(await expected(here, cut.sessionID, away.sessionID));
  });

  test("a server that goes away and comes back", async () => {
    const here = await place([{ name: "quick", match: "quick", replies: [answer, answer] }]);
    const attach = await attached(here);
    const first = await ask(here, "quick");
    await first.done;
    await until(() => attach.turns().length === 1, attach);
    // As a crash ends it: asked to, it may wait for those who follow its events.
    await opencode.crash();
    await until(() => attach.stderr().includes("waiting for it to come back"), attach);
    await opencode.restart();
    await until(() => attach.stderr().includes("is back."), attach);
    const second = await ask(here, "quick");
    await second.done;
    await until(() => attach.turns().length === 2, attach);
    expect((await attach.end()).code).toBe(0);
    expect(attach.stderr().match(/waiting for it/g)).toHaveLength(1);
    expect(wired(here.receiver.spans())).toEqual(await expected(here, first.sessionID, second.sessionID));
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
    [401, "wants a password.\nSet OPENCODE_SERVER_PASSWORD", []],
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
