import { expect, test } from "vitest";
import { isTrouble, workerText } from "../../src/cli/worker-text.js";
import type { WorkerEvent } from "../../src/fleet/run-worker.js";
import { resultOf, someTasks } from "../support/task-results.js";

const [task = expect.unreachable()] = someTasks(1);
const jobId = "b-1";
const error = { code: "server_error", message: "Down", retryable: true, evidence: "export" } as const;
const run = resultOf(task, { status: "failed", error });
const NOW = 1_000;

test.each<[WorkerEvent, string]>([
  [{ kind: "started", jobId, task: "t\x1b[31m1" }, "began t1"],
  [{ kind: "finished", jobId, result: resultOf(task) }, "completed t1 (1.00s, 10 tokens, $1.0000): Done."],
  [{ kind: "later", jobId, run, until: NOW + 4_100 }, "t1: server_error; tried again in 5.00s"],
  [{ kind: "later", jobId, run, until: NOW }, "t1: server_error; tried again at once"],
  [
    { kind: "paused", providers: ["a", ""], pause: { until: NOW + 300_000, code: "billing_error" } },
    "billing_error: a, the provider that opencode chooses is left alone by all workers for 5m00s",
  ],
  [{ kind: "given-back", jobId }, "gave b-1 back to the queue"],
  [{ kind: "taken-over", jobId }, "b-1 is in the queue again: its worker went away"],
  [{ kind: "unreadable", jobId, why: "It is none\x07" }, "b-1: It is none"],
  [{ kind: "problem", why: "LOADING" }, "the queue: LOADING"],
])("what is told of an event: %#", (event, text) => {
  expect(workerText(event, NOW)).toBe(text);
  expect(isTrouble(event)).toBe(event.kind === "unreadable" || event.kind === "problem");
});
