import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ATTR_ERROR_TYPE } from "@opentelemetry/semantic-conventions";
import { expect, onTestFinished, test } from "vitest";
import { errorFromJSON } from "../../src/errors/error-from-json.js";
import { AuthenticationError } from "../../src/errors/opencode-errors.js";
import { loadScenario } from "../provider/load-scenario.js";
import { cliEnvironment, looptrace, startLooptrace, violationsOf } from "../support/cli.js";
import { at } from "../support/fixtures.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { arrived } from "./arrived.js";

async function receiving(): Promise<Receiver> {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  return receiver;
}

/** The processes whose home is the bench's, but for zombies; only Linux tells. */
function leftovers(home: string): string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      return environment.includes(`HOME=${home}`) ? [readFileSync(`/proc/${pid}/cmdline`, "latin1")] : [];
    } catch {
      return [];
    }
  });
}

/** The error's line, which is the last one. */
function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

test("a refused key and an unknown model: exit 1, one line with the code, the error whole in JSON and in the trace", async () => {
  await using bench = await isolatedOpenCode(await loadScenario("provider-401"));
  const receiver = await receiving();
  const around = { env: cliEnvironment(bench, receiver), cwd: bench.workdir };
  const refused = await looptrace(["run", "--json", "Say hello."], around);
  expect(refused.code).toBe(1);
  expect(lastLine(refused.stderr)).toMatch(
    /^looptrace: authentication_failed: the provider does not accept the key; .*Incorrect API key provided/,
  );
  const document = JSON.parse(refused.stdout);
  expect(Object.keys(document)).toEqual([
    "sessionId",
    "runId",
    "text",
    "output",
    "error",
    "attempts",
    "totals",
    "opencode",
    "exit",
    "notes",
    "urls",
    "delivery",
    "traces",
  ]);
  expect(document).toMatchObject({ text: null, output: null, notes: [], exit: { kind: "exited" } });
  expect(document.error).toMatchObject({
    code: "authentication_failed",
    retryable: false,
    statusCode: 401,
    sessionId: document.sessionId,
    provider: { code: "invalid_api_key", requestId: "req_scripted_401" },
  });
  expect(errorFromJSON(document.error)).toBeInstanceOf(AuthenticationError);
  const spans = arrived(receiver);
  expect(spans.map(({ name, level }) => [name, level])).toEqual([
    ["opencode.loop", "ERROR"],
    ["loop.step-0", "ERROR"],
    ["llm-call-0", "ERROR"],
  ]);
  for (const { span } of spans) {
    expect(span.attributes[ATTR_ERROR_TYPE]).toBe("authentication_failed");
    expect(span.status).toMatchObject({ code: 2, message: expect.stringContaining("Incorrect API key") });
  }
  expect(at(spans, 0).output).toEqual({ error: document.error, text: null });

  const unknown = await looptrace(["run", "--quiet", "-m", "scripted/nope", "Say hello."], around);
  expect([unknown.code, unknown.stdout]).toEqual([1, ""]);
  expect(lastLine(unknown.stderr)).toMatch(
    /^looptrace: \w+: .*opencode never asked the model scripted\/nope: /,
  );
  expect(unknown.stderr).not.toMatch(/^ {4}at /m);
  const nowhere = await looptrace(
    ["run", "--quiet", "-s", "ses_00000000000000000000000000", "Say hello."],
    around,
  );
  expect([nowhere.code, nowhere.stdout]).toEqual([2, ""]);
  expect(nowhere.stderr).toMatch(
    /^looptrace: opencode knows no session "ses_0+"\. `opencode session list` shows /,
  );
  expect(violationsOf(receiver)).toEqual([]);
});

test("the deadline ends a run with a timeout, and its trace is kept", async () => {
  await using bench = await isolatedOpenCode(await loadScenario("killed"));
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  const run = await looptrace(["run", "--timeout", "10s", "Wait for the build."], around);
  expect(run.code).toBe(1);
  expect(lastLine(run.stderr)).toMatch(
    /^looptrace: timeout: the turn took longer than it may; .* bash had been at work for \d+(?:\.\d)? s\.\)$/,
  );
  expect(leftovers(bench.home)).toEqual([]);
  const shown = await looptrace(["show", "--last", "--json"], around);
  expect(JSON.parse(shown.stdout)).toMatchObject([
    { loop: { outcome: "unfinished", error: { code: "timeout", limit: "turn" } } },
  ]);
});

test("an agent that opencode does not know: the answer of another one, and that it was", async () => {
  await using bench = await isolatedOpenCode(await loadScenario("plain-answer"));
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  const run = await looptrace(["run", "--quiet", "--agent", "ghost", "Say hello."], around);
  expect(run.code).toBe(0);
  expect(run.stderr).toContain('looptrace: opencode knows no agent "ghost" and ran "build" instead.\n');
});

test("arguments that opencode does not know: the end of what it says, not its whole usage", async () => {
  await using bench = await isolatedOpenCode(await loadScenario("plain-answer"));
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  const run = await looptrace(["run", "--quiet", "Say hello.", "--", "--no-such-option"], around);
  expect(run.code).toBe(1);
  expect(run.stderr.trimEnd().split("\n").length).toBeLessThan(12);
  expect(lastLine(run.stderr)).toMatch(/^looptrace: invalid_request: /);
});

test("Ctrl-C: exit 130, the trace arrives, no process is left", async () => {
  await using bench = await isolatedOpenCode(await loadScenario("killed"));
  const receiver = await receiving();
  const around = { env: cliEnvironment(bench, receiver), cwd: bench.workdir };
  const { child, ended } = startLooptrace(["run", "Wait for the build."], around);
  await bench.provider.arrivalOf(1, new AbortController().signal);
  if (process.platform === "linux") expect(leftovers(bench.home)).not.toEqual([]);
  child.kill("SIGINT");
  const { code, signal, stderr } = await ended;
  expect([code, signal]).toEqual([130, null]);
  expect(lastLine(stderr)).toMatch(/^looptrace: aborted: the turn was ended on request; /);
  expect(leftovers(bench.home)).toEqual([]);
  expect(at(arrived(receiver), 0)).toMatchObject({ name: "opencode.loop", level: "ERROR" });
  expect(violationsOf(receiver)).toEqual([]);
});

test("where nothing can be kept or sent the answer is not lost, and the exit code tells", async () => {
  await using bench = await isolatedOpenCode(await loadScenario("plain-answer"));
  const place = join(bench.home, "taken");
  await writeFile(place, "a file where looptrace's folder should be");
  const env = { ...cliEnvironment(bench), LOOPTRACE_HOME: place };
  const run = await looptrace(["run", "Say hello."], { env, cwd: bench.workdir });
  expect(run.stdout).toBe("The server listens on port 8080 unless PORT says otherwise.\n");
  expect(run.code).toBe(3);
  expect(run.stderr).toContain(`looptrace: The session could not be kept below ${place}/sessions: `);
  expect(run.stderr).not.toContain("Kept on this machine");
  expect(run.stderr).toMatch(/The trace is kept nowhere; .*`looptrace trace ses_\w+` computes it again\.\n/);
});
