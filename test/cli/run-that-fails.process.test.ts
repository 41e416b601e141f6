import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ATTR_ERROR_TYPE } from "@opentelemetry/semantic-conventions";
import { expect, onTestFinished, test } from "vitest";
import { errorFromJSON } from "../../src/errors/error-from-json.js";
import { AuthenticationError } from "../../src/errors/opencode-errors.js";
import { loadScenario } from "../provider/load-scenario.js";
import { cliEnvironment, looptrace, startLooptrace, violationsOf } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { at } from "../support/fixtures.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { longEnough, WARM_FIRST_S } from "../support/long-enough.js";
import { madeScenario, playToDeadline, refused } from "../support/play-run.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { warmOpenCode } from "../support/warm-opencode.js";
import { arrived } from "./arrived.js";

allowColdStarts();

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

/** The file that the notes name. */
function keptLog(notes: readonly string[]): string {
  const kept = notes.flatMap((note) => /^All that opencode said is kept in (.+)$/.exec(note)?.[1] ?? []);
  return at(kept, 0);
}

/** The error's line, which is the last one. */
function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

test("a refused key: exit 1, one line with the code, the error whole in JSON and in the trace", async () => {
  await using bench = await warmOpenCode(await loadScenario("provider-401"));
  const receiver = await receiving();
  const around = { env: cliEnvironment(bench, receiver), cwd: bench.workdir };
  const run = await looptrace(["run", "--json", "Say hello."], around);
  expect(run.code).toBe(1);
  expect(lastLine(run.stderr)).toMatch(
    /^looptrace: authentication_failed: the provider does not accept the key; .*Incorrect API key provided/,
  );
  const document = JSON.parse(run.stdout);
  expect(Object.keys(document)).toEqual([
    "sessionId",
    "runId",
    "text",
    "output",
    "error",
    "attempts",
    "totals",
    "opencode",
    "driver",
    "server",
    "exit",
    "notes",
    "urls",
    "delivery",
    "traces",
  ]);
  expect(document).toMatchObject({
    text: null,
    output: null,
    notes: [],
    driver: "server",
    exit: { kind: "served" },
  });
  expect(document.error).toMatchObject({
    code: "authentication_failed",
    retryable: false,
    statusCode: 401,
    sessionId: document.sessionId,
    provider: { code: "invalid_api_key", requestId: "req_scripted_401" },
  });
  expect(errorFromJSON(document.error)).toBeInstanceOf(AuthenticationError);
  const spans = arrived(receiver);
  // The title is asked for beside the first step.
  const own = spans.filter(({ name }) => name !== "other-call");
  expect(own.map(({ name, level }) => [name, level])).toEqual([
    ["opencode.loop", "ERROR"],
    ["loop.step-0", "ERROR"],
    ["llm-call-0", "ERROR"],
  ]);
  for (const { span } of own) {
    expect(span.attributes[ATTR_ERROR_TYPE]).toBe("authentication_failed");
    expect(span.status).toMatchObject({ code: 2, message: expect.stringContaining("Incorrect API key") });
  }
  expect(at(spans, 0).output).toEqual({ error: document.error, text: null });

  expect(violationsOf(receiver)).toEqual([]);
});

test("a model that opencode does not know: which, what it knows instead, and where all that it said is", async () => {
  await using bench = await isolatedOpenCode(await loadScenario("plain-answer"));
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  const unknown = await looptrace(["run", "--json", "--driver", "cli", "-m", "scripted/nope", "Say hello."], around);
  expect(unknown.code).toBe(1);
  expect(lastLine(unknown.stderr)).toMatch(
    /^looptrace: invalid_request: check the model's name \(`opencode models` lists them\), and that the key of its provider is set .*scripted\/nope/,
  );
  expect(unknown.stderr).not.toMatch(/^ {4}at /m);
  const { error, notes } = JSON.parse(unknown.stdout);
  expect(error).toMatchObject({ code: "invalid_request", reason: "model" });
  expect(notes).toEqual([
    expect.stringMatching(/^opencode lists no model scripted\/nope\. Of scripted it lists: scripted\/\w/),
    expect.stringMatching(/^All that opencode said is kept in /),
  ]);
  for (const note of notes) expect(unknown.stderr).toContain(`looptrace: ${note}\n`);
  expect(readFileSync(keptLog(notes), "utf8")).toContain("scripted/nope");
});

test("a model that a server does not list is refused before there is a prompt", async () => {
  await using bench = await warmOpenCode(await loadScenario("plain-answer"));
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  const asked = async (model: string): Promise<string> => {
    const { code, stdout, stderr } = await looptrace(["run", "--quiet", "-m", model, "Say hello."], around);
    expect([code, stdout, bench.provider.requests]).toEqual([2, "", []]);
    return stderr;
  };
  expect(await asked("scripted/m2")).toBe(
    "looptrace: --model: opencode lists no model scripted/m2. Did you mean scripted/m1? Of scripted it also lists: scripted/scripted-title.\n",
  );
  // The project's own configuration is not read unless that is wanted; its owner may well not know.
  await writeFile(join(bench.workdir, "opencode.json"), "{}");
  const elsewhere = await asked("nowhere/at-all");
  expect(elsewhere).toMatch(
    /^looptrace: --model: opencode lists no model of a provider nowhere: .* models of: .*scripted/,
  );
  expect(elsewhere).toContain(`${join(bench.workdir, "opencode.json")} was not read: `);
});

test("a session that opencode does not know: exit 2, and where those are that it knows", async () => {
  await using bench = await warmOpenCode(await loadScenario("plain-answer"));
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  const nowhere = await looptrace(["run", "--quiet", "-s", "ses_00000000000000000000000000", "Say hello."], around);
  expect([nowhere.code, nowhere.stdout]).toEqual([2, ""]);
  expect(nowhere.stderr).toMatch(/^looptrace: opencode knows no session "ses_0+"\. `opencode session list` shows /);
  expect(bench.provider.requests).toEqual([]);
});

test("an agent that a server does not list is refused before there is a prompt", async () => {
  await using bench = await warmOpenCode(await loadScenario("plain-answer"));
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  const run = await looptrace(["run", "--quiet", "--agent", "biuld", "Say hello."], around);
  expect([run.code, run.stdout, bench.provider.requests]).toEqual([2, "", []]);
  expect(run.stderr).toBe(
    'looptrace: --agent: opencode has no agent "biuld", or has it for subagents only (`opencode agent list` shows them). Did you mean "build"?\n',
  );
  const known = await looptrace(["run", "--quiet", "--json", "--agent", "plan", "Say hello."], around);
  expect(JSON.parse(known.stdout).notes).toEqual([]);
  expect(known.stderr).toBe("");
});

test("where an agent is not refused, the answer of another one, and that it was", async () => {
  await using bench = await warmOpenCode(await loadScenario("plain-answer"));
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  // With a model to fall back to, what is unknown is told by the turn.
  const argv = ["run", "--quiet", "--json", "--fallback-model", "scripted/m1", "--agent", "biuld", "Say hello."];
  const run = await looptrace(argv, around);
  expect(run.code).toBe(0);
  const note =
    'Asked for the agent "biuld", opencode ran with "build": it has no such agent, or has it for subagents only (`opencode agent list` shows them). Did you mean "build"?';
  expect(run.stderr).toContain(`looptrace: ${note}\n`);
  expect(JSON.parse(run.stdout)).toMatchObject({ error: null, notes: [note] });
});

test("arguments that opencode does not know: the end of what it says, not its whole usage", async () => {
  await using bench = await isolatedOpenCode(await loadScenario("plain-answer"));
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  const run = await looptrace(["run", "--json", "Say hello.", "--", "--no-such-option=secret"], around);
  expect(run.code).toBe(2);
  expect(run.stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(9);
  expect(lastLine(run.stderr)).toMatch(/^looptrace: start_failed: opencode could not be started, .* or its arguments /);
  expect(run.stderr).toContain("extra arguments: --no-such-option=…. ");
  expect(run.stderr).not.toContain("secret");
  const { error, notes } = JSON.parse(run.stdout);
  expect(error).toMatchObject({ code: "start_failed" });
  expect(readFileSync(keptLog(notes), "utf8").split("\n").length).toBeGreaterThan(30);
});

test("a deadline while the provider fails for ever: what its requests failed with", async () => {
  // After the first failure opencode waits beyond the deadline, however slow the machine is.
  const patient = refused(500, "Internal server error", {}, { "retry-after": "600" });
  const { code, stderr, document } = await playToDeadline(madeScenario([patient, patient]), ({ stderr: said }) =>
    said.includes("a request failed"),
  );
  expect(code).toBe(1);
  expect(document.error).toMatchObject({
    code: "timeout",
    limit: "turn",
    lastFailure: { code: "server_error", message: "Internal server error" },
  });
  expect(stderr).toContain("step 0 · a request failed: Internal server error · opencode may ask again\n");
  expect(lastLine(stderr)).toMatch(
    /^looptrace: timeout: the provider kept failing \(server_error\); .* A request had failed before: server_error, Internal server error\)$/,
  );
});

test("the deadline ends a run with a timeout, and its trace is kept", async () => {
  const scenario = await loadScenario("killed");
  const { run, shown } = await longEnough(
    async (seconds) => {
      await using bench = await warmOpenCode(scenario);
      const around = { env: cliEnvironment(bench), cwd: bench.workdir };
      const argv = ["run", "--timeout", `${seconds}s`, "Wait for the build."];
      const run = await looptrace(argv, around);
      expect(leftovers(bench.home)).toEqual([]);
      return { run, shown: await looptrace(["show", "--last", "--json"], around) };
    },
    ({ run: { stderr } }) => stderr.includes("bash had been at work"),
    WARM_FIRST_S,
  );
  expect(run.code).toBe(1);
  expect(lastLine(run.stderr)).toMatch(
    /^looptrace: timeout: allow more time, .* bash had been at work for \d+(?:\.\d)? m?s\.\)$/,
  );
  expect(run.stderr).not.toContain("opencode: ");
  expect(JSON.parse(shown.stdout)).toMatchObject([
    { loop: { outcome: "unfinished", error: { code: "timeout", limit: "turn" } } },
  ]);
});

test("Ctrl-C: exit 130, the trace arrives, no process is left", async () => {
  await using bench = await warmOpenCode(await loadScenario("killed"));
  const receiver = await receiving();
  const around = { env: cliEnvironment(bench, receiver), cwd: bench.workdir };
  const { child, ended } = startLooptrace(["run", "Wait for the build."], around);
  await bench.provider.arrivalOf(1, new AbortController().signal);
  if (process.platform === "linux") expect(leftovers(bench.home)).not.toEqual([]);
  child.kill("SIGINT");
  const { code, signal, stdout, stderr } = await ended;
  expect([code, signal, stdout]).toEqual([130, null, ""]);
  expect(stderr).toContain("looptrace: stopping; what happened so far is being saved. Once more quits at once.\n");
  expect(stderr).not.toContain("no model was asked");
  expect(lastLine(stderr)).toMatch(/^looptrace: aborted: the turn was ended on request; /);
  expect(leftovers(bench.home)).toEqual([]);
  expect(at(arrived(receiver), 0)).toMatchObject({ name: "opencode.loop", level: "ERROR" });
  expect(violationsOf(receiver)).toEqual([]);
});

test("where nothing can be kept or sent the answer is not lost, and the exit code tells", async () => {
  await using bench = await warmOpenCode(await loadScenario("plain-answer"));
  const place = join(bench.home, "taken");
  await writeFile(place, "a file where looptrace's folder should be");
  const env = { ...cliEnvironment(bench), LOOPTRACE_HOME: place };
  const run = await looptrace(["run", "Say hello."], { env, cwd: bench.workdir });
  expect(run.stdout).toBe("The server listens on port 8080 unless PORT says otherwise.\n");
  expect(run.code).toBe(3);
  const before = `looptrace: ${place} cannot be written to (it is a file, not a folder), so sessions are not kept, and there is nowhere`;
  expect(run.stderr.startsWith(before)).toBe(true);
  expect(run.stderr).toContain(`looptrace: The session could not be kept below ${place}/sessions: `);
  expect(run.stderr).not.toContain("Kept on this machine");
  expect(run.stderr).toMatch(/The trace is kept nowhere; .*`looptrace trace ses_\w+` computes it again\.\n/);
});

test("a destination that is switched off: which variable does, and where the trace is", async () => {
  await using bench = await warmOpenCode(await loadScenario("plain-answer"));
  const env = {
    ...cliEnvironment(bench),
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
    OTEL_TRACES_EXPORTER: "none",
  };
  const run = await looptrace(["run", "Say hello."], { env, cwd: bench.workdir });
  expect(run.code).toBe(0);
  expect(run.stderr).toMatch(
    /^OTEL_TRACES_EXPORTER switches off what is configured, so nothing was sent; unset it to send traces\.\nKept on this machine; /m,
  );
});
