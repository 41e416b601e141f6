import fc from "fast-check";
import { expect, test } from "vitest";
import { apportion } from "../../src/trace/apportion.js";

/** Shares, and what they come to; not all of them nothing. */
const toShare = (max: number, minLength: number) =>
  fc
    .array(fc.nat({ max }), { minLength, maxLength: 16 })
    .map((shares) => ({ shares, sum: shares.reduce((total, share) => total + share, 0) }))
    .filter(({ sum }) => sum > 0);

test.each([
  [[1, 1, 1], 100, [34, 33, 33]],
  [[617, 27, 356], 100, [62, 3, 35]],
  [[0, 5, 0], 100, [0, 100, 0]],
  [[0, 0], 100, [0, 0]],
  [[], 100, []],
  [[1, 2], 0, [0, 0]],
])("%j of %i: %j", (shares, whole, expected) => {
  expect(apportion(shares, whole)).toEqual(expected);
});

test("what is handed out is the whole, and nobody is more than one unit away from the exact share", () => {
  fc.assert(
    fc.property(toShare(10_000_000, 1), fc.nat({ max: 100_000 }), ({ shares, sum }, whole) => {
      const units = apportion(shares, whole);
      expect(units.reduce((total, one) => total + one, 0)).toBe(whole);
      units.forEach((one, index) => {
        expect(Number.isInteger(one)).toBe(true);
        expect(Math.abs(one - ((shares[index] ?? 0) / sum) * whole)).toBeLessThan(1.000_001);
      });
    }),
  );
});

test("what is left goes to the largest remainders, of equal ones to the first, of few shares as of many", () => {
  fc.assert(
    fc.property(toShare(20, 2), fc.nat({ max: 100 }), ({ shares, sum }, whole) => {
      const units = apportion(shares, whole);
      const exact = shares.map((share) => (share / sum) * whole);
      const order = exact
        .map((share, index) => ({ index, remainder: share - Math.floor(share) }))
        .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
      const favoured = order.map(({ index }) => (units[index] ?? 0) > Math.floor(exact[index] ?? 0));
      expect(favoured).toEqual(favoured.toSorted((a, b) => Number(b) - Number(a)));
    }),
  );
});

test("what is no whole number, or too large for one, is shared out in few rounds", () => {
  expect(apportion([1, 2], 1.5)).toEqual([0, 1]);
  expect(apportion([3, 1], 2 ** 60)).toEqual([0.75 * 2 ** 60, 0.25 * 2 ** 60]);
});
