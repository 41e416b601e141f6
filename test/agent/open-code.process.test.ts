import { chmod, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { OpenCode, type OpenCodeOptions, type RetryEvent } from "../../src/agent/open-code.js";
import type { TurnResult } from "../../src/agent/turn-result.js";
import { fakeClock } from "../support/fake-clock.js";
import { FIRST_LINE_OF_TAP } from "../support/first-line-of-tap.js";

/** An opencode that ends each run with the next of these errors; the last one again and again. */
async function failing(errors: readonly object[]): Promise<OpenCodeOptions> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "failing-opencode-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "opencode");
  const program = `
const fs = require("node:fs");
const [command] = process.argv.slice(2);
if (command === "--version") { console.log("1.18.33"); process.exit(0); }
if (command !== "run") process.exit(1);
const errors = ${JSON.stringify(errors)};
const runs = fs.existsSync(__dirname + "/runs") ? fs.readFileSync(__dirname + "/runs", "utf8").length : 0;
fs.appendFileSync(__dirname + "/runs", "x");
const error = errors[Math.min(runs, errors.length - 1)];
console.log(JSON.stringify({ type: "error", timestamp: ${NOW}, sessionID: "", error }));
process.exit(1);
`;
  await writeFile(path, `#!${process.execPath}\n${program}`);
  await chmod(path, 0o755);
  const environment = { PATH: process.env.PATH ?? "", HOME: folder };
  return { opencode: path, directory: folder, environment, store: null };
}

const NOW = 1_700_000_000_000;
const overloaded = { name: "APIError", data: { message: "Overloaded", statusCode: 529 } };
const limited = {
  name: "APIError",
  data: { message: "Slow down", statusCode: 429, responseHeaders: { "retry-after": "12" } },
};
const refused = { name: "APIError", data: { message: "Bad key", statusCode: 401 } };

async function play(
  errors: readonly object[],
  options: OpenCodeOptions,
): Promise<{ result: TurnResult; retries: RetryEvent[]; slept: readonly number[] }> {
  const clock = fakeClock(NOW);
  const agent = new OpenCode({ ...(await failing(errors)), clock, ...options });
  const retries: RetryEvent[] = [];
  const result = await agent.run("Go.", { onRetry: (retry) => retries.push(retry) });
  return { result, retries, slept: clock.slept };
}

test("what failed, which attempt comes next and how long it waits; then the last failure is the result", async () => {
  const { result, retries, slept } = await play([overloaded, limited, overloaded], { retries: 2 });
  expect(retries).toMatchObject([
    { attempt: 0, mostAttempts: 3, error: { code: "server_error" }, decision: { kind: "retry", waitMs: 6_250 } },
    { attempt: 1, mostAttempts: 3, error: { code: "rate_limit", retryAt: NOW + 12_000 } },
  ]);
  // The wait for the server has passed already when the rate limit's begins.
  expect(slept).toEqual([6_250, 12_000 - 6_250]);
  expect(result.error).toMatchObject({ code: "server_error", message: "Overloaded" });
  expect(result.attempts.map(({ error }) => error?.code)).toEqual(["server_error", "rate_limit", "server_error"]);
});

test("fallback models count as attempts, and are not waited for", async () => {
  const { result, retries, slept } = await play([refused], {
    model: "a/one",
    fallbackModels: ["b/two"],
    retries: 1,
  });
  expect(retries).toMatchObject([{ attempt: 0, mostAttempts: 3, decision: { kind: "failover", model: "b/two" } }]);
  expect(slept).toEqual([]);
  expect(result.attempts.map(({ model }) => model)).toEqual(["a/one", "b/two"]);
});

test("no wait that ends after the deadline is begun", async () => {
  const { result, retries } = await play([limited], { retries: 3, timeoutMs: 11_000 });
  expect([retries, result.attempts.length]).toEqual([[], 1]);
  expect(result.error).toMatchObject({ code: "rate_limit" });
});

/** An opencode that does what a program does, and has no export of it. */
async function doing(does: string): Promise<OpenCodeOptions> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "doing-opencode-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "opencode");
  const program = `
const [command] = process.argv.slice(2);
if (command === "--version") { console.log("1.18.33"); process.exit(0); }
if (command !== "run") { console.error("Error: database disk image is malformed"); process.exit(1); }
${FIRST_LINE_OF_TAP}
const sessionID = "${SESSION}";
const tokens = { input: 900, output: 0, reasoning: 0, cache: { read: 0, write: 0 } };
const of = { sessionID, messageID: "msg_e03b62130ffeoj4vp7D1mp9Cj4", id: "prt_e03b62130ffeoj4vp7D1mp9Cj4" };
const say = (type, part) => console.log(JSON.stringify({ type, timestamp: Date.now(), sessionID, part: { ...of, ...part } }));
${does}
`;
  await writeFile(path, `#!${process.execPath}\n${program}`);
  await chmod(path, 0o755);
  const environment = { PATH: process.env.PATH ?? "", HOME: folder };
  return { opencode: path, directory: folder, environment, store: null, driver: "cli" };
}

const SESSION = "ses_e03b62130ffeoj4vp7D1mp9Cj4";

/** Has the same empty answer again and again until it is ended. */
const CIRCLING = `
setInterval(() => {
  say("step_start", { type: "step-start" });
  say("step_finish", { type: "step-finish", reason: "unknown", cost: 0.001, tokens });
}, 20);
`;

/** Logs what its subagent is at, before anything of the session that started it. */
const SUBAGENT_FIRST = `
console.error("timestamp=2026-11-21T00:00:00.000Z level=INFO message=loop session.id=ses_e03b62131ffeoj4vp7D1mp9Cj5 step=0");
say("step_start", { type: "step-start" });
`;

test("a turn that goes on with a session is of that one, whichever its log names first", async () => {
  const { sessionId } = await new OpenCode(await doing(SUBAGENT_FIRST)).run("Go.", { session: SESSION });
  expect(sessionId).toBe(SESSION);
});

test.each([
  {
    limits: { haltOnDoomLoop: true },
    error: { code: "doom_loop", answer: { text: "", finish: "unknown" }, count: 3 },
  },
  {
    limits: { maxCost: 0.005 },
    error: { code: "aborted", abortedBy: "limit", limit: { of: "cost", allowed: 0.005 } },
  },
])("why a run was ended is told, although its session cannot be read: $error.code", async ({ limits, error }) => {
  const agent = new OpenCode({ ...(await doing(CIRCLING)), ...limits });
  const result = await agent.run("Go.");
  expect(result.error).toMatchObject({ ...error, sessionId: SESSION });
  expect(result.traces).toEqual([]);
  expect(result.notes).toEqual([expect.stringMatching(/could not be exported: .*disk image is malformed/s)]);
});
