import { expect, test } from "vitest";
import type { TaskResult } from "../../src/batch/task-result.js";
import type { ErrorCode, ErrorFacts } from "../../src/errors/error-facts.js";
import { retryPolicies } from "../../src/errors/retry-policy.js";
import { afterRun, REFUSED_PAUSE_MS, type RunEnd } from "../../src/fleet/after-run.js";
import { NO_RUNS } from "../../src/fleet/job-data.js";
import { resultOf, someTasks } from "../support/task-results.js";

const NOW = 1_000_000;
const POLICY = { patienceMs: 600_000, requeues: 10, keepGoing: false };
const fact = { message: "It failed", retryable: false, evidence: "export" } as const;
const limited = { retryAtSource: "retry-after", retryAtBounded: false } as const;
const FACTS: Readonly<Record<ErrorCode, ErrorFacts>> = {
  rate_limit: { ...fact, ...limited, code: "rate_limit", retryAt: NOW + 5_000 },
  authentication_failed: { ...fact, code: "authentication_failed" },
  billing_error: { ...fact, code: "billing_error" },
  invalid_request: { ...fact, code: "invalid_request" },
  start_failed: { ...fact, code: "start_failed" },
  server_error: { ...fact, code: "server_error" },
  max_output_tokens: { ...fact, code: "max_output_tokens", reason: "output_limit" },
  content_filter: { ...fact, code: "content_filter" },
  invalid_output: { ...fact, code: "invalid_output", reason: "missing", problems: [] },
  permission_rejected: { ...fact, code: "permission_rejected" },
  aborted: { ...fact, code: "aborted", abortedBy: "limit" },
  timeout: { ...fact, code: "timeout", limit: "turn" },
  doom_loop: { ...fact, code: "doom_loop", tool: "bash", arguments: "{}", count: 3 },
  unknown: { ...fact, code: "unknown" },
};

function failed(error: ErrorFacts): TaskResult {
  const [task = expect.unreachable()] = someTasks(1);
  return resultOf(task, { status: "failed", error });
}

function after(error: ErrorFacts, more: Partial<RunEnd> = {}) {
  const end = { result: failed(error), state: NO_RUNS, policy: POLICY, attempts: 3, now: NOW, random: 0 };
  return afterRun({ ...end, ...more });
}

test.each(Object.values(FACTS))("$code: tried again exactly where its policy says so", (error) => {
  const never = retryPolicies[error.code].kind === "never";
  expect(after(error).kind).toBe(never ? "finished" : "again");
});

test("a backoff grows from retry to retry, up to the attempts, and counts what was spent", () => {
  const first = after(FACTS.server_error);
  expect(first).toMatchObject({ kind: "again", at: NOW + 5_000, pause: null });
  if (first.kind !== "again") expect.unreachable();
  const second = after(FACTS.server_error, { state: first.state });
  expect(second).toMatchObject({ kind: "again", at: NOW + 10_000 });
  if (second.kind !== "again") expect.unreachable();
  const last = after(FACTS.server_error, { state: second.state });
  expect(last).toMatchObject({ kind: "finished", result: { totals: { cost: 3 }, attempts: { length: 3 } } });
  expect(after(FACTS.timeout, { attempts: 1 }).kind).toBe("finished");
});

test("what is asked for by a server error comes before the backoff", () => {
  const error = { ...fact, code: "server_error", retryAfterMs: 42_000 } as const;
  expect(after(error)).toMatchObject({ at: NOW + 42_000 });
});

test("a rate limit holds its provider and counts no attempt, up to the requeues and the patience", () => {
  const pause = { until: NOW + 5_000, code: "rate_limit" };
  const put = after(FACTS.rate_limit, { attempts: 1 });
  expect(put).toMatchObject({ kind: "again", at: NOW + 5_000, pause, state: { putBacks: 1, retries: {} } });
  const often = { ...NO_RUNS, putBacks: 10 };
  expect(after(FACTS.rate_limit, { state: often })).toMatchObject({ kind: "finished", pause });
  const impatient = { ...POLICY, patienceMs: 4_999 };
  expect(after(FACTS.rate_limit, { policy: impatient })).toMatchObject({ kind: "finished", pause });
  // It was over before the run was.
  const past = { ...fact, ...limited, code: "rate_limit", retryAt: NOW - 1 } as const;
  expect(after(past)).toMatchObject({ kind: "again", at: NOW, pause: null });
});

test("a refused key or credit holds the provider for a while, unless tasks go on all the same", () => {
  for (const error of [FACTS.authentication_failed, FACTS.billing_error]) {
    const pause = { until: NOW + REFUSED_PAUSE_MS, code: error.code };
    expect(after(error)).toMatchObject({ kind: "finished", pause });
    expect(after(error, { policy: { ...POLICY, keepGoing: true } })).toMatchObject({ pause: null });
  }
});

test("what a run that another one follows has answered is not carried along", () => {
  const next = after(FACTS.unknown);
  expect(next).toMatchObject({ state: { earlier: { text: null, output: null, totals: { cost: 1 } } } });
});
