import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/opencode/server/connection.js";
import type { Scenario } from "../provider/scenario.js";
import { cliEnvironment, looptrace, violationsOf } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { startFollowing } from "../support/following-cli.js";
import { writeOpenCode } from "../support/isolated-opencode.js";
import { openSession } from "../support/play-on-server.js";
import { answer, type Json, madeScenario, refused, usage } from "../support/play-run.js";
import { startReceiver } from "../support/receiver.js";
import { until } from "../support/until.js";
import { ownWarmOpenCode, type WarmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

/** What works on the store is a server, as a TUI has one; what watch reads it with is started by looptrace, as ever. */
const opencode = ownWarmOpenCode({ logsToStore: true });

async function place(scenario: Scenario) {
  const bench = await opencode(scenario);
  const receiver = await startReceiver();
  onTestFinished(async () => {
    await receiver.close();
    await bench.remove();
  });
  const program = join(bench.home, "opencode");
  await writeOpenCode(program);
  const own = { LOOPTRACE_OPENCODE: program, LOOPTRACE_HOME: join(bench.home, "looptrace") };
  const env = { ...cliEnvironment(bench, receiver), ...bench.server.env, ...own };
  return { bench, receiver, around: { env, cwd: bench.workdir } };
}

/** A prompt without looptrace, as a person would write it. */
async function prompted(bench: WarmOpenCode, text: string, session?: string) {
  const client = await connect(bench.server, bench.workdir);
  const sessionID = session ?? (await openSession(client));
  const done = client.session.prompt({ sessionID, parts: [{ type: "text", text }] });
  return { sessionID, done };
}

async function ran(bench: WarmOpenCode, text: string, session?: string): Promise<string> {
  const { sessionID, done } = await prompted(bench, text, session);
  await done;
  return sessionID;
}

/** A reply with a tool that is at work until it is told. */
const waits = (name: string): Json => ({
  delayMs: 20,
  text: "It waits.",
  toolCalls: [
    {
      id: `call_${name}`,
      name: "bash",
      arguments: {
        command: `touch begun-${name}; until [ -e go-${name} ]; do sleep 0.1; done`,
        description: "Waits",
      },
    },
  ],
  usage,
});
const full = refused(429, "Rate limit reached", {}, { "retry-after-ms": "300" });

/** One watch through several turns, up to a Ctrl-C in the middle of the last one. */
async function watched() {
  const lanes = [
    { name: "limited", match: "limited", replies: [full, answer] },
    { name: "quick", match: "quick", replies: Array.from({ length: 4 }, () => answer) },
    { name: "waiting", match: "waiting", replies: [waits("first"), answer] },
    { name: "broken off", match: "broken off", replies: [waits("second"), answer] },
  ];
  const { bench, receiver, around } = await place(madeScenario([], { lanes }));
  const begun = (name: string) => until(() => existsSync(join(bench.workdir, `begun-${name}`)));
  const letGo = (name: string) => writeFile(join(bench.workdir, `go-${name}`), "");
  const before = await ran(bench, "quick: before");
  const watch = await startFollowing(["watch", "--json"], around);
  const told = (count: number) => until(() => watch.turns().length === count, watch);

  const limited = await ran(bench, "limited");
  await told(1);
  await ran(bench, "quick: the second turn", limited);
  await told(2);

  const waiting = await prompted(bench, "waiting");
  await begun("first");
  // When it tells of what came later, it has looked at the turn that is at work.
  const meanwhile = await ran(bench, "quick: meanwhile");
  await told(3);
  await letGo("first");
  await waiting.done;
  await told(4);

  const brokenOff = await prompted(bench, "broken off");
  await begun("second");
  const last = await ran(bench, "quick: the last one");
  await told(5);
  const { code, stderr } = await watch.end();
  await letGo("second");
  await brokenOff.done;
  return {
    ids: { before, limited, waiting: waiting.sessionID, meanwhile, brokenOff: brokenOff.sessionID, last },
    turns: watch.turns(),
    end: { code, stderr },
    spans: receiver.spans(),
    violations: violationsOf(receiver),
    shown: {
      limited: await looptrace(["show", limited], around),
      brokenOff: await looptrace(["show", brokenOff.sessionID], around),
    },
  };
}

describe("opencode on this machine", () => {
  let running: ReturnType<typeof watched> | undefined;
  /** The same run for all tests; the first one waits for it. */
  const watching = (): ReturnType<typeof watched> => (running ??= watched());

  test("each turn is told when it is over, with its retries from opencode's log, and sent once", async () => {
    const { ids, turns, end, spans, violations, shown } = await watching();
    expect(turns.slice(0, 2)).toMatchObject([
      {
        ...{ sessionId: ids.limited, turn: 0, error: null, kept: true },
        trace: { loop: { steps: [{ retries: [{}] }] } },
      },
      { sessionId: ids.limited, turn: 1, error: null, kept: true },
    ]);
    expect(end.code).toBe(0);
    const spanIds = spans.map(({ spanId }) => spanId);
    expect(new Set(spanIds).size).toBe(spanIds.length);
    expect(spans.filter(({ name }) => name === "opencode.loop")).toHaveLength(turns.length);
    expect(violations).toEqual([]);
    expect(shown.limited.code).toBe(0);
  });

  test("a turn that is at work is waited for; one of before is not told", async () => {
    const { ids, turns } = await watching();
    expect(turns.slice(2)).toMatchObject([
      { sessionId: ids.meanwhile },
      { sessionId: ids.waiting, totals: { steps: 2, tools: 1 } },
      { sessionId: ids.last },
    ]);
    expect(turns.map(({ sessionId }) => sessionId)).not.toContain(ids.before);
  });

  test("Ctrl-C in the middle of a turn: it is kept and said so", async () => {
    const { ids, end, shown } = await watching();
    expect(end).toEqual({
      code: 0,
      stderr: expect.stringContaining(`${ids.brokenOff} is at work still: it is kept`),
    });
    expect([shown.brokenOff.code, shown.brokenOff.stdout.includes("It waits.")]).toEqual([0, true]);
  });

  test("--since tells turns of before, --dir those of a project; and opencode says the same of them afterwards", async () => {
    const [{ bench, around }, elsewhere] = [
      await place(madeScenario([answer, answer])),
      await place(madeScenario([answer])),
    ];
    const session = await ran(bench, "Go.");
    await ran(bench, "Go.", session);
    // What was updated last would be told first.
    const other = await ran(elsewhere.bench, "Go.");
    const client = await connect(bench.server, bench.workdir);
    const said = async () => {
      const [list, messages] = [await client.session.list(), await client.session.messages({ sessionID: session })];
      return [list.data, messages.data];
    };
    const before = await said();
    expect(JSON.stringify(before)).toContain(session);
    const watch = await startFollowing(["watch", "--json", "--since", "1h", "--dir", "."], around);
    await until(() => watch.turns().length === 2, watch);
    expect(await watch.end()).toMatchObject({ code: 0 });
    expect(watch.turns()).toMatchObject([
      { sessionId: session, turn: 0 },
      { sessionId: session, turn: 1 },
    ]);
    expect(JSON.stringify(watch.turns())).not.toContain(other);
    expect(await said()).toEqual(before);
  });
});

test.each([
  [["--since", "soon"], "this is neither a duration nor a date"],
  [["--dir", "/nowhere"], "--dir"],
  [["--opencode", "/nowhere/opencode"], "opencode"],
])("watch %j is wrong usage", async (argv, said) => {
  const { code, stderr } = await looptrace(["watch", ...argv], { env: { HOME: "/nonexistent" }, cwd: "/" });
  expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
});
