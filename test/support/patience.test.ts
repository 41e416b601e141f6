import { expect, test } from "vitest";
import { isSlow, patiently } from "./patience.js";

test("a limit is longer by as much as the machine is slower", () => {
  expect(patiently(30_000, {})).toBe(30_000);
  expect(patiently(30_000, { LOOPTRACE_TEST_PATIENCE: "2.5" })).toBe(75_000);
});

test.each([
  [undefined, false],
  ["1", false],
  ["2", false],
  ["2.1", true],
])("LOOPTRACE_TEST_PATIENCE=%s: is the machine slow? %s", (factor, slow) => {
  expect(isSlow({ LOOPTRACE_TEST_PATIENCE: factor })).toBe(slow);
});

test("all limits of a run know how slow the machine is", () => {
  expect(process.env.LOOPTRACE_TEST_PATIENCE).toMatch(/^\d+(\.\d)?$/);
});

test.each(["0", "-1", "soon", "1000"])("LOOPTRACE_TEST_PATIENCE=%s is refused", (wrong) => {
  expect(() => patiently(1, { LOOPTRACE_TEST_PATIENCE: wrong })).toThrow(/give 1 to 100/);
});
