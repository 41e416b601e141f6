import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/opencode/server/connection.js";
import type { Scenario } from "../provider/scenario.js";
import { cliEnvironment, looptrace, violationsOf } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { startFollowing } from "../support/following-cli.js";
import { openCodeBinary } from "../support/isolated-opencode.js";
import { openSession, until } from "../support/play-on-server.js";
import { answer, type Json, madeScenario, refused, usage } from "../support/play-run.js";
import { startReceiver } from "../support/receiver.js";
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
  const own = { LOOPTRACE_OPENCODE: openCodeBinary(), LOOPTRACE_HOME: join(bench.home, "looptrace") };
  const env = { ...cliEnvironment(bench, receiver), ...bench.server.env, ...own };
  return { bench, receiver, around: { env, cwd: bench.workdir } };
}

/** A prompt without looptrace, as a person would write it. */
async function prompted(bench: WarmOpenCode, session?: string) {
  const client = await connect(bench.server, bench.workdir);
  const sessionID = session ?? (await openSession(client));
  const done = client.session.prompt({ sessionID, parts: [{ type: "text", text: "Go." }] });
  return { sessionID, done };
}

async function ran(bench: WarmOpenCode, session?: string): Promise<string> {
  const { sessionID, done } = await prompted(bench, session);
  await done;
  return sessionID;
}

async function said(bench: WarmOpenCode, ...argv: readonly string[]): Promise<string> {
  const file = join(bench.home, "said");
  // It loses the end of what goes into a pipe.
  const command = ["-c", '"$0" "$@" > "$SAID"', openCodeBinary(), ...argv];
  await execa("bash", command, {
    cwd: bench.workdir,
    env: { ...bench.server.env, SAID: file },
    extendEnv: false,
    stdin: "ignore",
  });
  return readFile(file, "utf8");
}

const waits: Json = {
  delayMs: 20,
  text: "It waits.",
  toolCalls: [
    {
      id: "call_wait",
      name: "bash",
      arguments: { command: "touch begun; until [ -e go ]; do sleep 0.1; done", description: "Waits" },
    },
  ],
  usage,
};

describe("opencode on this machine", () => {
  test("each turn is told when it is over, with its retries from opencode's log, and sent once", async () => {
    const full = refused(429, "Rate limit reached", {}, { "retry-after-ms": "300" });
    const { bench, receiver, around } = await place(madeScenario([full, answer, answer]));
    const watch = await startFollowing(["watch", "--json"], around);
    const session = await ran(bench);
    await until(() => watch.turns().length === 1);
    await ran(bench, session);
    await until(() => watch.turns().length === 2);
    const [first, second] = watch.turns();
    expect([first, second]).toMatchObject([
      { turn: 0, error: null, kept: true, trace: { loop: { steps: [{ retries: [{}] }] } } },
      { turn: 1, error: null, kept: true, sessionId: first?.sessionId },
    ]);
    expect(await watch.end()).toMatchObject({ code: 0 });
    const spans = receiver.spans().map(({ spanId }) => spanId);
    expect(new Set(spans).size).toBe(spans.length);
    expect(receiver.spans().filter(({ name }) => name === "opencode.loop")).toHaveLength(2);
    expect(violationsOf(receiver)).toEqual([]);
    const again = await looptrace(["show", String(first?.sessionId)], around);
    expect(again.code).toBe(0);
  });

  test("a turn that is at work is waited for; one of before is not told, unless --since says so", async () => {
    const { bench, around } = await place(madeScenario([answer, waits, answer]));
    await ran(bench);
    const watch = await startFollowing(["watch", "--json"], around);
    const { done } = await prompted(bench);
    await until(() => existsSync(join(bench.workdir, "begun")));
    // It has seen the store change several times by then.
    await new Promise((later) => setTimeout(later, 1500));
    expect(watch.turns()).toEqual([]);
    await writeFile(join(bench.workdir, "go"), "");
    await done;
    await until(() => watch.turns().length === 1);
    expect(watch.turns()).toMatchObject([{ totals: { steps: 2, tools: 1 } }]);
    await watch.end();

    const since = await startFollowing(["watch", "--json", "--since", "1h", "--dir", "."], around);
    await until(() => since.turns().length === 2);
    expect(await since.end()).toMatchObject({ code: 0 });
    const elsewhere = ["watch", "--json", "--since", "1h", "--dir", bench.home];
    const none = await startFollowing(elsewhere, around);
    await new Promise((later) => setTimeout(later, 1500));
    await none.end();
    expect(none.turns()).toEqual([]);
  });

  test("Ctrl-C in the middle of a turn: it is kept and said so", async () => {
    const { bench, around } = await place(madeScenario([waits, answer]));
    const watch = await startFollowing(["watch", "--json"], around);
    const { done } = await prompted(bench);
    await until(() => existsSync(join(bench.workdir, "begun")));
    await new Promise((later) => setTimeout(later, 1500));
    const { code, stderr } = await watch.end();
    expect([code, stderr]).toEqual([0, expect.stringMatching(/ses_\w+ is at work still: it is kept/)]);
    await writeFile(join(bench.workdir, "go"), "");
    await done;
    const id = /ses_\w+/.exec(stderr)?.[0] ?? "";
    const shown = await looptrace(["show", id], around);
    expect([shown.code, shown.stdout.includes("It waits.")]).toEqual([0, true]);
  });

  test("nothing that opencode says of a session is another one afterwards", async () => {
    const { bench, around } = await place(madeScenario([answer]));
    await ran(bench);
    const listed = async () => said(bench, "session", "list", "--format", "json");
    const [{ id }] = JSON.parse(await listed());
    const before = [await listed(), await said(bench, "export", id)];
    const watch = await startFollowing(["watch", "--json", "--since", "1h"], around);
    await until(() => watch.turns().length === 1);
    await watch.end();
    expect([await listed(), await said(bench, "export", id)]).toEqual(before);
  });
});

test.each([
  [["--since", "soon"], "--since takes a duration"],
  [["--dir", "/nowhere"], "--dir"],
  [["--opencode", "/nowhere/opencode"], "opencode"],
])("watch %j is wrong usage", async (argv, said) => {
  const { code, stderr } = await looptrace(["watch", ...argv], { env: { HOME: "/nonexistent" }, cwd: "/" });
  expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
});
