import fc from "fast-check";
import { expect, test } from "vitest";
import { percentile } from "../../src/analysis/percentiles.js";

const HUNDRED = Array.from({ length: 100 }, (_, index) => index + 1);

test.each([
  [[15, 20, 35, 40, 50], 5, 15],
  [[15, 20, 35, 40, 50], 30, 20],
  [[15, 20, 35, 40, 50], 40, 20],
  [[15, 20, 35, 40, 50], 50, 35],
  [[15, 20, 35, 40, 50], 100, 50],
  [[7], 1, 7],
  [[7], 99, 7],
  [[1, 2], 50, 1],
  [[1, 2], 51, 2],
  // Where binary fractions are a little too much.
  [HUNDRED, 7, 7],
  [HUNDRED, 29, 29],
  [HUNDRED, 57, 57],
  [HUNDRED, 99.9, 100],
])("of %j the percentile %d is %d", (values, p, expected) => {
  expect(percentile(values, p)).toBe(expected);
});

test("of nothing there is none", () => {
  expect(percentile([], 50)).toBeUndefined();
});

test("it is the smallest value that so many do not exceed", () => {
  const values = fc.array(fc.nat(50), { minLength: 1, maxLength: 200 }).map((all) => all.sort((a, b) => a - b));
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 100 }), (sorted, p) => {
      const value = percentile(sorted, p);
      const within = (limit: number): number => sorted.filter((one) => one <= limit).length;
      expect(value).toBe(sorted.find((one) => within(one) * 100 >= p * sorted.length));
    }),
  );
});
