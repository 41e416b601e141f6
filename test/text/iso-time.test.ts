import fc from "fast-check";
import { expect, test } from "vitest";
import { isoTime } from "../../src/text/iso-time.js";

const LAST = 8.64e15;

test("a time reads as the engine writes it, also before the epoch, beyond the year 9999, and between two ms", () => {
  const near = fc.integer({ min: 1_790_000_000_000, max: 1_790_000_200_000 });
  const any = fc.oneof(near, fc.integer({ min: -LAST, max: LAST }), fc.double({ min: -1e13, max: 1e13, noNaN: true }));
  fc.assert(
    fc.property(fc.array(any, { minLength: 1 }), (times) => {
      expect(times.map(isoTime)).toEqual(times.map((ms) => new Date(ms).toISOString()));
    }),
  );
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, LAST + 1])("%s is no time, whatever was asked for before", (ms) => {
  isoTime(LAST);
  expect(() => isoTime(ms)).toThrow(RangeError);
  expect(isoTime(1)).toBe("1970-01-01T00:00:00.001Z");
});
