import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TokenPoint } from "../../../src/web/data/report-data.js";
import { axisText } from "../../../src/web/report/axis-text.js";
import { logPercent, logTicks } from "../../../src/web/report/log-scale.js";
import { stacked } from "../../../src/web/report/stacked.js";
import {
  fitted,
  panned,
  percentAt,
  ticks,
  type Viewport,
  wholeTrace,
  zoomed,
} from "../../../src/web/report/viewport.js";

describe("what of the time is shown", () => {
  const whole = wholeTrace(10_000);

  test("zooming leaves the moment under the pointer where it is, as long as that is possible", () => {
    const view = zoomed(whole, 0.5, 5000, whole);
    expect(view.to - view.from).toBe((whole.to - whole.from) / 2);
    expect(percentAt(view, 5000)).toBeCloseTo(percentAt(whole, 5000));
    expect(zoomed(view, 2, 5000, whole)).toEqual(whole);
  });

  test("whatever is done, it stays inside of the trace, and some time is shown", () => {
    const step = fc.oneof(
      fc.tuple(fc.constant("zoom"), fc.double({ min: 0.01, max: 50, noNaN: true })),
      fc.tuple(fc.constant("pan"), fc.double({ min: -3, max: 3, noNaN: true })),
      fc.tuple(fc.constant("fit"), fc.double({ min: 0, max: 10_000, noNaN: true })),
    );
    fc.assert(
      fc.property(fc.nat(100_000_000), fc.array(step, { maxLength: 20 }), (duration, steps) => {
        const all = wholeTrace(duration);
        let view: Viewport = all;
        for (const [what, by] of steps) {
          if (what === "zoom") view = zoomed(view, by, (view.from + view.to) / 2, all);
          else if (what === "pan") view = panned(view, by, all);
          else view = fitted({ start: Math.min(by, duration), end: duration }, all);
          expect(view.from).toBeGreaterThanOrEqual(0);
          expect(view.to).toBeLessThanOrEqual(all.to * 1.000001);
          expect(view.to - view.from).toBeGreaterThan(0);
        }
      }),
    );
  });

  test("a row that is zoomed to is shown whole", () => {
    const view = fitted({ start: 4000, end: 4100 }, whole);
    expect(view.from).toBeLessThan(4000);
    expect(view.to).toBeGreaterThan(4100);
  });

  test("ticks are round, evenly spaced, inside, and no more than wanted", () => {
    fc.assert(
      fc.property(fc.nat(1e8), fc.integer({ min: 4, max: 1e9 }), (from, length) => {
        const marks = ticks({ from, to: from + length }, 8);
        expect(marks.length).toBeLessThanOrEqual(9);
        const steps = new Set(marks.slice(1).map((at, index) => at - (marks[index] ?? 0)));
        expect(steps.size).toBeLessThanOrEqual(1);
        for (const at of marks) expect(at >= from && at <= from + length).toBe(true);
      }),
    );
    expect(ticks({ from: 0, to: 4250 }, 8)).toEqual([0, 1000, 2000, 3000, 4000]);
    expect(ticks({ from: 0, to: 7_200_000 }, 8).length).toBeGreaterThan(3);
  });
});

test.each([
  [0, 500, "0"],
  [250, 50, "250ms"],
  [1500, 500, "1.5s"],
  [2000, 1000, "2s"],
  [1250, 10, "1.25s"],
  [90_000, 30_000, "1m30s"],
  [120_000, 30_000, "2m"],
  [3_900_000, 300_000, "1h05m"],
])("%i ms on an axis with steps of %i is %s", (at, step, text) => {
  expect(axisText(at, step)).toBe(text);
});

test("a logarithmic axis begins at 1 ms and ends at the longest", () => {
  expect([0, 1, 10, 100, 1000].map((ms) => Math.round(logPercent(ms, 1000)))).toEqual([0, 0, 33, 67, 100]);
  expect(logTicks(852)).toEqual([1, 10, 100]);
  expect(logTicks(1000)).toEqual([1, 10, 100, 1000]);
  expect(logTicks(0)).toEqual([1, 10]);
});

test("stacks: the highest top is drawn first, and parts are what lies between tops", () => {
  const parts = { cached: 100, fresh: 20, output: 5, reasoning: 1 };
  const call: TokenPoint = {
    ...parts,
    sum: { cached: 150, fresh: 70, output: 10, reasoning: 2 },
    row: 0,
    name: "llm-call-0",
    known: true,
    doubt: null,
    context: 126,
    growth: null,
    cacheHitRatio: null,
    cost: null,
    causes: [],
  };
  expect(stacked([call, call], "calls")).toEqual([
    [0, 1],
    [126, 126],
    [125, 125],
    [120, 120],
    [100, 100],
  ]);
  expect(stacked([call], "sums")).toEqual([[0], [232], [230], [220], [150]]);
});
