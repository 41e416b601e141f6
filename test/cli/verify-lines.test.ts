import { expect, test } from "vitest";
import { verifyLines } from "../../src/cli/verify-lines.js";
import { folded } from "../../src/terminal/labelled-line.js";
import { resultOf, someTasks } from "../support/task-results.js";

test("what did not pass is named, and that another command verifies nothing anew is said", () => {
  const tasks = someTasks(13);
  const ended = { command: "npm test", exitCode: 1, signal: null, timedOut: false, durationMs: 1, output: "" };
  const results = tasks.map((task, at) => resultOf(task, { verify: at === 0 ? null : { ...ended, passed: at === 1 } }));
  const recorded = new Map(results.map((one) => [one.id, one]));
  const printed = (command?: string, shown = tasks) =>
    verifyLines(shown, recorded, command).map((line) => folded(line, 200).join(" "));
  expect(printed()).toEqual([
    "failed   verify: t3, t4, t5, t6, t7, t8, t9, t10, t11, t12 and 1 more; --retry-failed does them again",
  ]);
  expect(printed("npm test")[1]).toContain("1 task was done before with another verify command, or none");
  expect(printed("npm ci")[1]).toContain("13 tasks were done before with another verify command, or none");
  expect(printed("npm test", tasks.slice(1, 2))).toEqual([]);
});
