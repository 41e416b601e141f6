import { expect, test } from "vitest";
import { repetitionWatch, type ToolOutcome } from "../../src/trace/doom-loop.js";

const failing: ToolOutcome = {
  tool: "read",
  input: { filePath: "/a", limit: 5 },
  result: "File not found",
  failed: true,
};
const counts = (calls: readonly ToolOutcome[]): number[] => {
  const watch = repetitionWatch();
  return calls.map((call) => watch(call).count);
};

test("equal failing calls are counted, whatever the order of the arguments' keys and the words of the failure", () => {
  const again = { ...failing, input: { limit: 5, filePath: "/a" }, result: "File still not found" };
  expect(counts([failing, again, failing])).toEqual([1, 2, 3]);
});

test("the last repetition tells what it failed with", () => {
  const watch = repetitionWatch();
  watch(failing);
  expect(watch({ ...failing, result: "gone" })).toEqual({
    tool: "read",
    arguments: failing.input,
    count: 2,
    lastError: "gone",
  });
});

test("equal results are a repetition, another result is progress", () => {
  const pending: ToolOutcome = {
    tool: "bash",
    input: { command: "status" },
    result: "pending",
    failed: false,
  };
  expect(counts([pending, pending, { ...pending, result: "done" }, pending])).toEqual([1, 2, 1, 1]);
});

test("a success after failures begins anew, and so does a failure after successes", () => {
  const fine = { ...failing, failed: false };
  expect(counts([failing, failing, fine, failing])).toEqual([1, 2, 1, 1]);
});

test("another tool or other arguments in between begin anew", () => {
  const other = { ...failing, input: { filePath: "/b", limit: 5 } };
  expect(counts([failing, other, failing, { ...failing, tool: "glob" }])).toEqual([1, 1, 1, 1]);
});

test("arguments nested in lists and objects are compared by value", () => {
  const nested = (value: unknown): ToolOutcome => ({
    tool: "edit",
    input: { edits: [value] },
    result: null,
    failed: true,
  });
  expect(counts([nested({ a: 1, b: [2] }), nested({ b: [2], a: 1 }), nested({ b: [3], a: 1 })])).toEqual([1, 2, 1]);
});
