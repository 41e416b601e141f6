import { expect, test } from "vitest";
import { mergeRuns } from "../../src/batch/merge-runs.js";
import { isResultDelivered } from "../../src/batch/task-result.js";
import { at } from "../support/fixtures.js";
import { resultOf, someTasks } from "../support/task-results.js";

const task = at(someTasks(1), 0);
/** Ended before there was a turn: there was nothing to keep. */
const nothing = resultOf(task, { status: "failed", kept: false, traceIds: [] });
const kept = resultOf(task, { kept: true, traceIds: ["0".repeat(32)] });
const lost = resultOf(task, { kept: false, traceIds: ["1".repeat(32)] });

test.each([
  ["nothing, then one that is kept", nothing, kept, true],
  ["one that is kept, then nothing", kept, nothing, true],
  ["nothing twice", nothing, nothing, true],
  ["one that could not be kept, then one that is", lost, kept, false],
  ["nothing, then one that could not be kept", nothing, lost, false],
])("%s: whether all that there was to keep is kept", (_, earlier, last, isDelivered) => {
  expect(isResultDelivered(mergeRuns(earlier, last))).toBe(isDelivered);
});
