import { expect, test } from "vitest";
import type { RetryEvent } from "../../src/agent/open-code.js";
import { findStep } from "../../src/analysis/step-path.js";
import { failureText, keptText, lastWords, retryText, servedText } from "../../src/cli/run-text.js";
import type { ErrorFacts } from "../../src/errors/error-facts.js";
import type { Phase } from "../../src/opencode/drive.js";
import { failedTools } from "../../src/terminal/failed-tools.js";
import { traceOf } from "../support/fixtures.js";

const shared = { message: "Slow\ndown\u001b[2J", retryable: true, evidence: "export" } as const;
const limited: ErrorFacts = {
  ...shared,
  code: "rate_limit",
  retryAt: 0,
  retryAtSource: "retry-after",
  retryAtBounded: false,
};

test.each([
  [{ kind: "retry", waitMs: 0 }, "at once"],
  [{ kind: "retry", waitMs: 11_001 }, "in 12 s"],
  [{ kind: "retry", waitMs: 89_500 }, "in 1m30s"],
  [{ kind: "failover", model: "a/b" }, "at once with a/b"],
] satisfies readonly (readonly [RetryEvent["decision"], string])[])("%j: %s", (decision, when) => {
  expect(retryText({ error: limited, decision, attempt: 0, mostAttempts: 3 })).toBe(
    `rate_limit: Slow down · next attempt 2 of 3 ${when}`,
  );
});

test("where a run is kept, it says how to see the tool that failed, by its step", () => {
  const sessionId = "ses_e03b66d38ffe7m0arJ0ehJm9sO";
  const failing = traceOf("failing-tool@1.18.33");
  const { text = "", step = "" } = failedTools(failing) ?? {};
  expect(text).toMatch(/^\d+ tools? failed: \w+ .+ \(step \d+\)/);
  expect(keptText({ kept: true, sessionId, traces: [failing] })).toContain(
    `; \`looptrace show ${sessionId}\` shows the trace, \`looptrace show ${sessionId} --step ${step}\` the tool`,
  );
  expect(findStep(failing.loop, step)).toMatchObject({ step: { tools: expect.any(Array) } });
  const fine = keptText({ kept: true, sessionId, traces: [traceOf("multistep@1.18.33")] });
  expect(fine).not.toContain("--step");
});

test("opencode's last words are few, short and harmless", () => {
  const usage = Array.from({ length: 60 }, (_, index) => `  --option-${index} ${"x".repeat(300)}\u001b[31m`);
  const error = {
    ...shared,
    code: "start_failed",
    evidence: "process",
    stderr: usage.join("\n"),
  } as const;
  const lines = lastWords(error).split("\n");
  expect(lines).toHaveLength(6);
  expect(lines[0]).toBe("opencode: …");
  expect(lines[4]).toMatch(/^opencode: --option-59 x+$/);
  for (const line of lines) expect(line.length).toBeLessThan(180);
  expect(lastWords({ ...error, stderr: "one\n\ntwo" })).toBe("opencode: one\nopencode: two\n");
  // What the message quotes is not said twice.
  expect(lastWords({ ...error, message: "It ended: two", stderr: "one\n\ntwo" })).toBe("opencode: one\n");
  const long = `Error: ${"no such thing ".repeat(30)}here`;
  const message = `It ended: ${long.slice(0, 250)}…`;
  expect(lastWords({ ...error, message, stderr: `{\n${long}\n…\n}` })).toBe("opencode: {\nopencode: …\nopencode: }\n");
});

test("where a provider or a deadline explains the failure they say nothing", () => {
  expect(lastWords({ ...shared, code: "server_error", stderr: "boom" })).toBe("");
  expect(lastWords({ ...shared, code: "timeout", limit: "turn", evidence: "process", stderr: "migrating" })).toBe("");
  expect(lastWords({ ...shared, code: "unknown", evidence: "process" })).toBe("");
  expect(lastWords({ ...shared, code: "unknown", evidence: "process", stderr: "boom" })).toBe("opencode: boom\n");
});

test("who presses Ctrl-C is no caller", () => {
  const message = "The caller ended the turn before its answer. bash had been at work for 2 s.";
  const text = failureText({ ...shared, code: "aborted", abortedBy: "caller", message });
  expect(text).toContain("(You ended the turn before its answer. bash had been at work for 2 s.)\n");
  expect(
    failureText({ ...shared, code: "aborted", abortedBy: "signal", message: "The caller ended the turn" }),
  ).toContain("(The caller ended the turn)");
});

test("why a run failed: nothing twice, and the last line says what to do", () => {
  const misfit = {
    ...shared,
    code: "invalid_output",
    message: "The answer does not fit the schema: a must be string (and 1 more).",
  } as const;
  const problems = ["a must be string", "b must be \u001b[2Jnumber"];
  expect(failureText({ ...misfit, reason: "schema", problems }).split("\n")).toEqual([
    "looptrace: a must be string",
    "looptrace: b must be number",
    expect.stringMatching(/^looptrace: invalid_output: the answer does not fit the schema; [^(]+$/),
    "",
  ]);
  const none = { ...misfit, message: "No value.", reason: "missing", problems: [] } as const;
  expect(failureText(none)).toMatch(/^looptrace: invalid_output: the model gave no .+ \(No value\.\)\n$/);
  expect(failureText({ ...shared, code: "unknown", evidence: "process", stderr: "boom" })).toMatch(
    /^opencode: boom\nlooptrace: unknown: .+ \(Slow down\)\n$/,
  );
});

test.each([
  [{ kind: "loading", since: 0, isWarm: true }, undefined],
  [{ kind: "loading", since: 0, isWarm: false, why: "auth.json\nchanged" }, "opencode was started: auth.json changed."],
  [{ kind: "loading", since: 0 }, undefined],
  [{ kind: "starting", since: 0 }, undefined],
] satisfies readonly (readonly [Phase, string | undefined])[])("whose opencode a turn gets: %j", (phase, text) => {
  expect(servedText(phase, false)).toBe(text);
});

test("that an earlier run's opencode is used is said where no progress says it", () => {
  expect(servedText({ kind: "loading", since: 0, isWarm: true }, true)).toBe("an earlier run's opencode is used.");
});
