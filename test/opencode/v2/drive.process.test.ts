import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { drive } from "../../../src/opencode/drive.js";
import { ServerPool } from "../../../src/opencode/server/server-pool.js";
import { programCommand } from "../../support/cli.js";
import { allowColdStarts } from "../../support/cold-starts.js";
import {
  type Opencode2Program,
  type Opencode2ProgramOptions,
  opencode2Program,
} from "../../support/opencode2-program.js";
import { runs, says, type Turn } from "../../support/opencode2-turns.js";

allowColdStarts();

const linux = process.platform === "linux";
const hanging: Turn = runs([{ name: "shell", input: { command: "sleep 600" }, hangs: true }]);

async function driven(options: Opencode2ProgramOptions = {}) {
  const program = await opencode2Program(options);
  const { path: opencode, env: environment, workdir: directory } = program;
  const run = (request: Partial<Parameters<typeof drive>[0]>, hooks: Parameters<typeof drive>[1] = {}) =>
    drive({ message: "Go.", opencode, environment, directory, ...request }, hooks);
  return { program, run };
}

test("a prompt is driven on a private server, which is gone afterwards", async () => {
  const { program, run } = await driven({
    turns: [runs([{ name: "shell", input: { command: "ls" }, output: "a" }], "Done.")],
  });
  const result = await run({ systemPrompt: "Be brief.", mcp: [{ name: "docs", url: "http://127.0.0.1:9/mcp" }] });
  expect(result).toMatchObject({
    driver: "server",
    exit: { kind: "served" },
    opencode: { path: program.path, version: "2.0.26" },
    mcpServers: ["docs"],
    notes: [],
  });
  const { sessionId, raw, tree } = result;
  expect([...raw.keys()]).toEqual([sessionId]);
  expect(JSON.parse(raw.get(sessionId ?? "") ?? "").info).toMatchObject({ id: sessionId, agent: "looptrace" });
  expect(tree?.session.info).toMatchObject({ id: sessionId });
  const calls = await program.calls();
  expect(calls).toMatchObject([{ argv: ["serve", "--hostname=127.0.0.1", expect.stringMatching(/^--port=\d+$/)] }]);
  expect(calls[0]?.pwd).toBe(program.workdir);
  expect(calls[0]?.tmpdir).toContain("looptrace-");
  if (linux) await expect.poll(() => processesOf(program)).toEqual([]);
  expect(await claimsOf(program)).toEqual([]);
});

test("a warm server serves one prompt after the other, and the last session is gone on with", async () => {
  const { program, run } = await driven({ turns: [says("One."), says("Two.")] });
  const servers = new ServerPool();
  onTestFinished(async () => void (await servers.close()));
  const first = await run({ servers });
  const second = await run({ servers, continueLast: true, message: "And then?" });
  expect(second.sessionId).toBe(first.sessionId);
  expect(second.raw.get(second.sessionId ?? "")).toContain('"And then?"');
  expect(await program.calls()).toHaveLength(1);
});

test("a turn that is cut off is interrupted, and stays readable", async () => {
  const { program, run } = await driven({ turns: [hanging] });
  const caller = new AbortController();
  const result = await run(
    {},
    { signal: caller.signal, onProgress: ({ phase }) => phase.kind === "tools" && caller.abort() },
  );
  expect(result.exit).toEqual({ kind: "served", asked: "caller" });
  expect(result.raw.get(result.sessionId ?? "")).toContain('"outcome": "interrupted"');
  expect(await claimsOf(program)).toEqual([]);
});

test("of a server that is killed the half-finished session is read by another one", async () => {
  const { program, run } = await driven({ turns: [hanging] });
  const kill = () => {
    for (const pid of processesOf(program)) process.kill(pid, "SIGKILL");
  };
  const result = await run({}, { onProgress: ({ phase }) => phase.kind === "tools" && kill() });
  expect(result.exit).toEqual({ kind: "signalled", signal: "SIGKILL", by: "other" });
  expect(JSON.parse(result.raw.get(result.sessionId ?? "") ?? "").messages.at(-1)).toMatchObject({
    type: "assistant",
    content: [{ type: "text" }, { type: "tool", state: { status: "running" } }],
  });
  expect(await program.calls()).toHaveLength(2);
});

test("by the command line a prompt is run with a server of the command's own, and read back", async () => {
  const tool = { name: "shell", input: { command: "ls" }, output: "a" };
  const { program, run } = await driven({ turns: [runs([tool], "Done.")] });
  const types: string[] = [];
  const asked = { driver: "cli", model: "scripted/m2", variant: "high", title: "Mine", message: "- list\n" } as const;
  const result = await run(asked, { onEvent: ({ type }) => types.push(type) });
  expect(result).toMatchObject({ driver: "cli", exit: { kind: "exited", code: 0 }, streamErrors: [], notes: [] });
  expect(types).toEqual(["step_start", "text", "tool_use", "step_finish", "step_start", "text", "step_finish"]);
  expect(result.progress).toMatchObject({ toolsDone: 1, tokens: { input: 200 } });
  const { info, messages } = JSON.parse(result.raw.get(result.sessionId ?? "") ?? "");
  expect(info).toMatchObject({ title: "Mine", model: { id: "m2", variant: "high" } });
  expect(messages[0]).toMatchObject({ type: "user", text: "- list\n" });
  expect((await program.calls()).map(({ argv }) => argv[0])).toEqual(["run", "serve"]);
  const failed = await run({ driver: "cli", model: "scripted/none" });
  expect(failed).toMatchObject({ sessionId: null, exit: { kind: "exited", code: 1 } });
  expect(failed.streamErrors).toMatchObject([{ error: { data: { message: "Model unavailable: scripted/none" } } }]);
  await expect(run({ driver: "cli", command: "init" })).rejects.toThrow(/needs the driver server/);
});

test("by the command line a turn that is cut off is interrupted too", async () => {
  const { program, run } = await driven({ turns: [hanging] });
  const caller = new AbortController();
  const result = await run(
    { driver: "cli" },
    { signal: caller.signal, onEvent: ({ type }) => type === "text" && caller.abort() },
  );
  expect(result.exit).toMatchObject({ kind: "signalled", by: "caller" });
  expect(result.raw.get(result.sessionId ?? "")).toContain('"outcome": "interrupted"');
  expect(await claimsOf(program)).toEqual([]);
});

test.skipIf(!linux).each(["SIGTERM", "SIGKILL"] as const)(
  "a driving process that is ended by %s leaves no turn that the shared service would take up",
  async (signal) => {
    const { program } = await driven({ turns: [hanging] });
    const [node, main] = programCommand("test/opencode/drive-and-hang.ts");
    const child = spawn(node, [main, program.path, program.workdir], {
      env: program.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    expect(await claimsOf(program)).toHaveLength(1);
    child.kill(signal);
    await ended;
    await expect.poll(() => processesOf(program)).toEqual([]);
    await expect.poll(() => claimsOf(program)).toEqual([]);
  },
);

/** The sessions that the shared service would go on with. */
async function claimsOf({ folder }: Opencode2Program): Promise<readonly string[]> {
  return JSON.parse(await readFile(join(folder, "store.json"), "utf8")).claims;
}

/** What was started from a stand-in for runs, and is at work. */
function processesOf({ folder }: Opencode2Program): readonly number[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      const isRun =
        environment.includes(`HOME=${folder}`) && environment.some((one) => one.startsWith("LOOPTRACE_RUN_ID="));
      return isRun ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}
