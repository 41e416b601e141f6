import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Scenario } from "../provider/scenario.js";
import { cliEnvironment, looptrace, violationsOf } from "../support/cli.js";
import { startFollowing } from "../support/following-cli.js";
import { type IsolatedOpenCode, isolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import { until } from "../support/play-on-server.js";
import { answer, type Json, madeScenario, refused, usage } from "../support/play-run.js";
import { startReceiver } from "../support/receiver.js";

async function place(scenario: Scenario) {
  const bench = await isolatedOpenCode(scenario);
  const receiver = await startReceiver();
  onTestFinished(async () => {
    await receiver.close();
    await bench.remove();
  });
  const around = { env: cliEnvironment(bench, receiver), cwd: bench.workdir };
  return { bench, receiver, around };
}

/** opencode as a person would start it, without looptrace. */
function opencodeRun(bench: IsolatedOpenCode, ...argv: readonly string[]): ChildProcess {
  return spawn(openCodeBinary(), ["run", ...argv, "Go."], {
    cwd: bench.workdir,
    env: { ...bench.env, PWD: bench.workdir },
    stdio: "ignore",
  });
}

async function ran(bench: IsolatedOpenCode, ...argv: readonly string[]): Promise<void> {
  await once(opencodeRun(bench, ...argv), "exit");
}

async function opencode(bench: IsolatedOpenCode, ...argv: readonly string[]): Promise<string> {
  const file = join(bench.home, "said");
  // It loses the end of what goes into a pipe.
  const command = ["-c", '"$0" "$@" > "$SAID"', openCodeBinary(), ...argv];
  await execa("bash", command, {
    cwd: bench.workdir,
    env: { ...bench.env, SAID: file },
    extendEnv: false,
    stdin: "ignore",
  });
  return readFile(file, "utf8");
}

/** The file to which all processes write. */
async function opencodeLog({ env, home }: IsolatedOpenCode): Promise<string> {
  const data = env.XDG_DATA_HOME ?? join(home, ".local", "share");
  return readFile(join(data, "opencode", "log", "opencode.log"), "utf8");
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
    await ran(bench);
    await until(() => watch.turns().length === 1);
    await ran(bench, "--continue");
    await until(() => watch.turns().length === 2);
    const [first, second] = watch.turns();
    // When it ends, a busy opencode loses what it has not written of its log yet.
    const retries = (await opencodeLog(bench)).includes("Rate limit reached") ? [{}] : [];
    expect([first, second]).toMatchObject([
      { turn: 0, error: null, kept: true, trace: { loop: { steps: [{ retries }] } } },
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
    const running = opencodeRun(bench, "--title", "second");
    await until(() => existsSync(join(bench.workdir, "begun")));
    // It has seen the store change several times by then.
    await new Promise((later) => setTimeout(later, 1500));
    expect(watch.turns()).toEqual([]);
    await writeFile(join(bench.workdir, "go"), "");
    await once(running, "exit");
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
    const running = opencodeRun(bench);
    await until(() => existsSync(join(bench.workdir, "begun")));
    await new Promise((later) => setTimeout(later, 1500));
    const { code, stderr } = await watch.end();
    expect([code, stderr]).toEqual([0, expect.stringMatching(/ses_\w+ is at work still: it is kept/)]);
    await writeFile(join(bench.workdir, "go"), "");
    await once(running, "exit");
    const id = /ses_\w+/.exec(stderr)?.[0] ?? "";
    const shown = await looptrace(["show", id], around);
    expect([shown.code, shown.stdout.includes("It waits.")]).toEqual([0, true]);
  });

  test("nothing that opencode says of a session is another one afterwards", async () => {
    const { bench, around } = await place(madeScenario([answer]));
    await ran(bench);
    const listed = async () => opencode(bench, "session", "list", "--format", "json");
    const [{ id }] = JSON.parse(await listed());
    const before = [await listed(), await opencode(bench, "export", id)];
    const watch = await startFollowing(["watch", "--json", "--since", "1h"], around);
    await until(() => watch.turns().length === 1);
    await watch.end();
    expect([await listed(), await opencode(bench, "export", id)]).toEqual(before);
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
