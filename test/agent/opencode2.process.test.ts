import { expect, test } from "vitest";
import { z } from "zod";
import { OpenCode, type OpenCodeOptions } from "../../src/agent/open-code.js";
import { InvalidOutputError } from "../../src/errors/opencode-errors.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { type Opencode2ProgramOptions, opencode2Program } from "../support/opencode2-program.js";
import { runs, says, type Turn, type TurnStep, type TurnTool } from "../support/opencode2-turns.js";

allowColdStarts();

async function agentOn(options: Opencode2ProgramOptions, own: OpenCodeOptions = {}) {
  const program = await opencode2Program(options);
  const { path: opencode, env: environment, workdir: directory } = program;
  return { program, agent: new OpenCode({ opencode, environment, directory, store: null, ...own }) };
}

const error = { type: "provider.rate-limit", message: "Rate limit reached", status: 429 };
const asking: TurnTool = {
  ...{ name: "shell", input: { command: "make" }, output: "made" },
  asks: { action: "shell", resources: ["make"] },
};

test("a prompt becomes a trace with its retries, its tools and what its permissions waited for", async () => {
  const steps: readonly TurnStep[] = [
    { text: "I build.", tools: [asking], retries: [{ error, waitMs: 50 }] },
    { text: "It is built." },
  ];
  const { agent } = await agentOn({ turns: [{ steps }] }, { permissions: "allow" });
  const { text, traces, error: failure, opencode } = await agent.run("Build it.");
  expect(failure).toBeNull();
  expect(text).toBe("It is built.");
  expect(opencode.version).toBe("2.0.26");
  const [trace] = traces;
  expect(trace?.loop.steps).toMatchObject([
    { retries: [{ error: { code: "rate_limit" } }], tools: [{ name: "shell", outcome: "completed" }] },
    { retries: [], tools: [] },
  ]);
});

test("a failure has its class, and another model is taken", async () => {
  const refused: Turn = { refused: { type: "provider.quota", message: "No credit left", status: 402 } };
  const { agent, program } = await agentOn(
    { turnsOf: { m1: [refused], m2: [says("By the other one.")] } },
    { model: "scripted/m1", fallbackModels: ["scripted/m2"] },
  );
  const { text, attempts } = await agent.run("Go.");
  expect(attempts.map((one) => [one.model, one.error?.code ?? null])).toEqual([
    ["scripted/m1", "billing_error"],
    ["scripted/m2", null],
  ]);
  expect(text).toBe("By the other one.");
  expect(await program.calls()).toHaveLength(2);
});

test("what turns in circles is ended: the same call, and the same answer without a call", async () => {
  const again: TurnStep = { tools: [{ name: "shell", input: { command: "make" }, output: "no rule" }] };
  const { agent } = await agentOn(
    { turns: [{ steps: [...Array(9).fill(again), { text: "!", hangs: true }] }] },
    { haltOnDoomLoop: 3 },
  );
  expect((await agent.run("Build it.")).error).toMatchObject({ code: "doom_loop", tool: "shell" });
  const empty: TurnStep = { text: "", finish: "unknown" };
  const { agent: other } = await agentOn(
    { turns: [{ steps: [...Array(9).fill(empty), { text: "!", hangs: true }] }] },
    { haltOnDoomLoop: 3 },
  );
  expect((await other.run("Build it.")).error).toMatchObject({ code: "doom_loop" });
});

test("a limit ends it, and so does its time", async () => {
  const steps: readonly TurnStep[] = [
    ...Array(6).fill({ tools: [{ name: "shell", input: {}, output: "x", takesMs: 40 }] }),
    { text: "!", hangs: true },
  ];
  const { agent } = await agentOn({ turns: [{ steps }] });
  expect((await agent.run("Go.", { maxSteps: 2 })).error).toMatchObject({ code: "aborted", abortedBy: "limit" });
  expect((await agent.run("Go.", { maxTokens: 250 })).error).toMatchObject({ code: "aborted", abortedBy: "limit" });
  expect((await agent.run("Go.", { timeoutMs: 4_000 })).error).toMatchObject({ code: "timeout" });
});

const port = z.object({ port: z.number() });

test("a structured answer is asked for in the prompt, and again while it does not fit", async () => {
  const { agent } = await agentOn({
    turns: [says("It is 9090."), runs([], '```json\n{ "port": "9090" }\n```'), says('{ "port": 9090 }')],
  });
  const { output, traces, totals } = await agent.promptFor("Which port?", port);
  expect(output).toEqual({ port: 9090 });
  expect(traces).toHaveLength(3);
  expect(totals.calls).toBeGreaterThanOrEqual(3);
});

test("a structured answer that never fits is an error which says where", async () => {
  const { agent } = await agentOn({ turns: [says('{ "port": "9090" }')] });
  const failed = await agent.promptFor("Which port?", port).catch((problem: unknown) => problem);
  expect(failed).toBeInstanceOf(InvalidOutputError);
  expect(String(failed)).toContain("port");
});
