import { expect, test } from "vitest";
import { cost, count, duration, plural, share } from "../../src/view/format.js";

test.each([
  [0, "0ms"],
  [999.4, "999ms"],
  [999.5, "1.00s"],
  [9_994, "9.99s"],
  [9_995, "10.0s"],
  [59_949, "59.9s"],
  [59_950, "1m00s"],
  [123_000, "2m03s"],
  [3_599_499, "59m59s"],
  [3_600_000, "1h00m"],
  [90_000_000, "25h00m"],
])("%d ms is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test("counts, their nouns, costs and shares", () => {
  expect([0, 999, 1000, 1234567.4].map(count)).toEqual(["0", "999", "1,000", "1,234,567"]);
  expect([plural(1, "step"), plural(1200, "step"), plural(0, "retry", "retries")]).toEqual([
    "1 step",
    "1,200 steps",
    "0 retries",
  ]);
  expect([null, 0, 0.00124, 0.0311, 9.99994, 12.5].map(cost)).toEqual([
    "–",
    "$0",
    "$0.00124",
    "$0.0311",
    "$9.9999",
    "$12.50",
  ]);
  expect([share(1, 3), share(0, 3), share(1, 0)]).toEqual(["33%", "0%", ""]);
});
