import { expect, test } from "vitest";
import { parseTasks } from "../../src/batch/parse-tasks.js";
import { planRuns } from "../../src/experiment/plan.js";
import { refuseChanged } from "../../src/experiment/refuse-changed.js";
import { resultOf } from "../support/task-results.js";

function planOf(asked: { readonly verify?: string; readonly model?: string; readonly worktree?: string }) {
  const cases = parseTasks('"Hello"', "cases.jsonl").map(({ id, request }) => ({ id, request }));
  const arms = [{ name: "base", settings: {} }];
  return planRuns(cases, arms, { name: "x", runs: 1, seed: "s", requestOf: () => asked });
}

test("results of runs that asked for something else are refused: what differs is named where it is known", () => {
  const verify = {
    ...{ command: "npm test", passed: true, exitCode: 0, signal: null, timedOut: false, durationMs: 1, output: "" },
  };
  const [{ task } = expect.unreachable()] = planOf({ verify: "npm test", model: "a/m" });
  const recorded = new Map([[task.id, resultOf(task, { verify })]]);
  const refused = (asked: Parameters<typeof planOf>[0]) => () =>
    refuseChanged(recorded, planOf(asked), "cases.experiment.jsonl");
  expect(refused({ verify: "npm test", model: "a/m" })).not.toThrow();
  expect(refused({ model: "b/m" })).toThrow(
    "asked for something else (arms: base): what is known to differ: the verify command, the model. Name another file for the results, -o other.experiment.jsonl",
  );
  expect(refused({ verify: "npm ci", model: "a/m" })).toThrow("differ: the verify command. Name");
  expect(refused({ verify: "npm test", model: "a/m", worktree: "abc" })).toThrow(
    "(arms: base): a setting, a case or the commit has changed since.",
  );
});
