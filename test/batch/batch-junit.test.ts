import { XMLParser, XMLValidator } from "fast-xml-parser";
import { expect, test } from "vitest";
import { batchJunit } from "../../src/batch/batch-junit.js";
import { parseTasks } from "../../src/batch/parse-tasks.js";
import { NOTHING_RUN } from "../../src/batch/run-task.js";
import type { TaskResult } from "../../src/batch/task-result.js";
import type { Verified } from "../../src/batch/verify.js";
import { verifyScore } from "../../src/batch/verify-score.js";

const passed: Verified = {
  command: "npm test",
  passed: true,
  exitCode: 0,
  signal: null,
  timedOut: false,
  durationMs: 1_200,
  output: "412 passed\n",
};
const failed: Verified = { ...passed, passed: false, exitCode: 1, output: "3 failed <x> \u001b[31m]]>\u0000" };

const result = (id: string, more: Partial<TaskResult>): readonly [string, TaskResult] => [
  id,
  {
    ...NOTHING_RUN,
    ...{ id, line: null, digest: "", status: "done", error: null, startedAt: 1_000, endedAt: 3_500, verify: null },
    ...more,
  },
];

test("a batch as a CI reads it: a test case a task", () => {
  const ids = ["well", "<badly>", "late", "broken", "not begun"];
  const tasks = parseTasks(ids.map((id) => JSON.stringify({ id, prompt: "x" })).join("\n"), "tasks.jsonl");
  const error: TaskResult["error"] = {
    code: "timeout",
    message: "it took\ntoo long",
    retryable: true,
    evidence: "process",
    limit: "turn",
  };
  const xml = batchJunit(
    tasks,
    new Map([
      result("well", { verify: passed }),
      result("<badly>", { verify: failed }),
      result("late", { verify: { ...failed, exitCode: null, signal: "SIGKILL", timedOut: true } }),
      result("broken", { status: "failed", error, verify: failed }),
    ]),
    "tasks.results.jsonl",
  );
  expect(XMLValidator.validate(xml)).toBe(true);
  const { testsuites } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "@" }).parse(xml);
  const counts = { "@tests": "5", "@failures": "2", "@errors": "1", "@time": "10.000" };
  expect(testsuites).toMatchObject({ "@name": "looptrace batch", ...counts });
  expect(testsuites.testsuite).toMatchObject({ "@name": "tasks.results.jsonl", "@skipped": "1", ...counts });
  expect(testsuites.testsuite.testcase).toMatchObject([
    { "@name": "well", "@time": "2.500", "system-out": "412 passed" },
    { "@name": "<badly>", failure: { "@message": "npm test: exit 1", "@type": "verify", "#text": "3 failed <x> ]]>" } },
    { "@name": "late", failure: { "@message": "npm test: took too long" } },
    { "@name": "broken", error: { "@type": "timeout" } },
    { "@name": "not begun", skipped: "" },
  ]);
});

test("what a verify command said, as a score of its turn", () => {
  expect(verifyScore(passed, true)).toEqual({ name: "verify", value: true, comment: "exit 0 after 1.20s\n412 passed" });
  expect(verifyScore(failed, false)).toEqual({ name: "verify", value: false, comment: "exit 1 after 1.20s" });
  const killed = { ...failed, exitCode: null, signal: "SIGTERM", output: "" };
  expect(verifyScore(killed, true).comment).toBe("SIGTERM after 1.20s");
  expect(verifyScore({ ...killed, timedOut: true }, true).comment).toBe("timed out after 1.20s");
  expect(verifyScore({ ...killed, signal: null }, true).comment).toBe("could not be started after 1.20s");
});
