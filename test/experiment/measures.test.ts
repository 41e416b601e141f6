import { describe, expect, test } from "vitest";
import { mergeRuns } from "../../src/batch/merge-runs.js";
import { figuresOf } from "../../src/batch/task-figures.js";
import type { TaskResult } from "../../src/batch/task-result.js";
import { isVoid, recordOf } from "../../src/experiment/measures.js";
import { totalsOf } from "../../src/trace/totals.js";
import { traceOf } from "../support/fixtures.js";
import { resultOf, someTasks } from "../support/task-results.js";

const about = { case: "c", arm: "new", run: 0 };
const [task = expect.unreachable()] = someTasks(1);
const { loop } = traceOf("multistep@1.18.33");
const totals = loop.totalsWithSubagents;
const result = resultOf(task, { totals, figures: figuresOf([{ loop }], totals) });

describe("what a run is compared by", () => {
  test("the figures of its turns; of nothing there is no ratio", () => {
    expect(recordOf(result, about)).toMatchObject({
      ...about,
      values: { pass: 1, cost: totals.cost, steps: totals.steps, time: loop.end - loop.start },
    });
    const free = { ...totals, cost: 0 };
    expect(recordOf({ ...result, totals: free, figures: figuresOf([], free) }, about)?.values).toMatchObject({
      ...{ cost: null, time: null, toolP90: null },
    });
  });

  test("not by what it took before a rate limit put it back", () => {
    const limited: TaskResult = { ...result, status: "failed", text: null };
    const merged = mergeRuns(limited, result);
    expect(merged.totals.steps).toBe(2 * totals.steps);
    expect(recordOf(merged, about)).toEqual(recordOf(result, about));
  });

  test("in results that do not tell of their last run, by all that they took", () => {
    const { figures } = result;
    const older = { ...result, figures: figures && { ...figures, lastRun: null } };
    expect(recordOf(older, about)).toEqual(recordOf(result, about));
  });

  test("by its verify command where it has one, else by whether the turn failed", () => {
    const verify = {
      ...{ command: "test", passed: false, exitCode: 1, signal: null, timedOut: false, durationMs: 1, output: "" },
    };
    expect(recordOf({ ...result, verify }, about)?.values.pass).toBe(0);
    expect(recordOf({ ...result, status: "failed", verify: { ...verify, passed: true } }, about)?.values.pass).toBe(1);
    expect(recordOf({ ...result, status: "failed" }, about)?.values.pass).toBe(0);
  });
});

test("a run that the provider failed, or that made no step, tells nothing; one that its limits ended does", () => {
  const failed = { retryable: false, message: "no", evidence: "export" } as const;
  const voidWith = (error: TaskResult["error"], steps = totals) => isVoid({ error, totals: steps });
  expect(voidWith(null)).toBe(false);
  expect(voidWith({ ...failed, code: "authentication_failed" })).toBe(true);
  expect(voidWith({ ...failed, code: "unknown" })).toBe(false);
  expect(voidWith({ ...failed, code: "unknown" }, totalsOf([]))).toBe(true);
  expect(voidWith({ ...failed, code: "aborted", abortedBy: "limit" })).toBe(false);
  expect(voidWith({ ...failed, code: "aborted", abortedBy: "caller" })).toBe(true);
});
