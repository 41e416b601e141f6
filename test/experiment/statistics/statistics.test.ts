import { mean } from "simple-statistics";
import { describe, expect, test } from "vitest";
import { chanceOf, shuffled } from "../../../src/analysis/statistics/chance.js";
import { meanInterval } from "../../../src/experiment/statistics/bootstrap.js";
import { neededFor } from "../../../src/experiment/statistics/power.js";
import { chiSquaredQuantile, studentQuantile } from "../../../src/experiment/statistics/quantiles.js";
import { signFlips } from "../../../src/experiment/statistics/sign-flips.js";
import { signTest } from "../../../src/experiment/statistics/sign-test.js";

test("chance is the same for the same seed, and another for another", () => {
  const drawn = (...seed: readonly (string | number)[]): readonly number[] => {
    const chance = chanceOf(...seed);
    return Array.from({ length: 20 }, () => chance.below(10));
  };
  expect(drawn("a", 1)).toEqual(drawn("a", 1));
  expect(drawn("a", 1)).not.toEqual(drawn("a", 2));
  expect(new Set(drawn("a", 1)).size).toBeGreaterThan(4);
  const order = shuffled([1, 2, 3, 4, 5, 6, 7, 8], chanceOf("order"));
  expect([...order].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(order).not.toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("quantiles are those of the tables", () => {
  expect(studentQuantile(0.975, 5)).toBeCloseTo(2.571, 1);
  expect(studentQuantile(0.975, 29)).toBeCloseTo(2.045, 1);
  expect(chiSquaredQuantile(0.2, 7)).toBeCloseTo(3.822, 1);
});

describe("the sign test", () => {
  test.each([
    [[1, 2, 3, 4, 5, 6], { above: 6, below: 0, p: 0.03125 }],
    [[1, -1, 0, 0], { above: 1, below: 1, p: 1 }],
    [[0, 0], { above: 0, below: 0, p: 1 }],
    [[-1, -2, -3, -4, -5, -6, -7, 1], { above: 1, below: 7, p: 0.0703125 }],
  ])("%j", (values, expected) => {
    const { p, ...signs } = signTest(values);
    expect(signs).toEqual({ above: expected.above, below: expected.below });
    expect(p).toBeCloseTo(expected.p, 6);
  });
});

describe("flipped signs", () => {
  test("all arrangements of few cases are counted: the clearest of 64 is two of them", () => {
    expect(signFlips([[1, 2, 1.5, 3, 2, 1]], chanceOf("a")).tested).toEqual([{ p: 2 / 64 }]);
    expect(signFlips([[1, -1, 1, -1, 1, -1]], chanceOf("a")).tested).toEqual([{ p: 1 }]);
  });

  test("more measures make each of them less sure, those that say the same hardly", () => {
    const clear = [2, 1.5, 3, 1, 2.5, 2, 1, 3, -0.5, 2];
    const others = Array.from({ length: 8 }, (_, index) => {
      const chance = chanceOf("other", index);
      return clear.map(() => chance.below(100) - 49.5);
    });
    const p = (measures: readonly (readonly number[])[]): number =>
      signFlips(measures, chanceOf("b")).tested[0]?.p ?? 1;
    const alone = p([clear]);
    expect(p([clear, clear.map((value) => 2 * value)])).toBe(alone);
    expect(p([clear, ...others])).toBeGreaterThan(alone);
    expect(p([clear, ...others])).toBeLessThan(0.1);
  });

  test("cases without a value of a measure say nothing about it; without any, nothing is said", () => {
    const { tested } = signFlips([[1, null, 2, 1, 3, 2, 1], Array(7).fill(null)], chanceOf("c"));
    expect(tested).toEqual([{ p: 2 / 64 }, { p: 1 }]);
    expect(signFlips([[]], chanceOf("c")).tested).toEqual([{ p: 1 }]);
  });
});

test("the interval of a mean is wider for fewer values, and of less than two there is none", () => {
  const values = Array.from({ length: 40 }, (_, index) => Math.sin(index * 7) + 1);
  const width = (count: number): number => {
    const interval = meanInterval(values.slice(0, count), chanceOf("d")) ?? expect.unreachable();
    expect(interval.low).toBeLessThan(mean(values.slice(0, count)));
    expect(interval.high).toBeGreaterThan(mean(values.slice(0, count)));
    return interval.high - interval.low;
  };
  expect(width(6)).toBeGreaterThan(width(40) * 2);
  expect(meanInterval([1], chanceOf("d"))).toBeNull();
  expect(meanInterval([2, 2, 2], chanceOf("d"))).toEqual({ low: 2, high: 2 });
});

test("what is needed: more for more scatter, runs only as far as they help, and to promise it more than to see it", () => {
  const scatter = { cases: 20, runs: 2, betweenCases: 0.1, withinCase: 0.1 };
  const promised = neededFor(scatter, 0.14, 2, 0.975);
  const seen = neededFor(scatter, 0.14, 2);
  expect(seen.cases).toBe(42);
  expect(promised.cases).toBeGreaterThan(seen.cases);
  // Where cases themselves differ so much, no number of runs is enough.
  expect(neededFor({ ...scatter, betweenCases: 0.2 }, 0.14, 2).runs).toBeNull();
  expect(neededFor({ ...scatter, betweenCases: 0.05 }, 0.14, 2).runs).toBe(3);
  expect(neededFor({ ...scatter, withinCase: null }, 0.14, 2).runs).toBeNull();
});
