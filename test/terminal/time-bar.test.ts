import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RowFacts, rowsOf, treeOf } from "../../src/analysis/tree-rows.js";
import { axisOf, BAR_SIGNS, timeBar } from "../../src/terminal/time-bar.js";
import { fixtureNames, loadFixture, tracesOf } from "../support/fixtures.js";

function row(start: number, end: number, more: Partial<RowFacts> = {}): RowFacts {
  return {
    kind: "call",
    name: "llm-call-0",
    tone: "plain",
    start,
    end,
    duration: end - start,
    longest: end - start,
    exact: true,
    tokens: null,
    cost: null,
    detail: "",
    aside: "",
    ...more,
  };
}

describe("a bar", () => {
  const axis = { start: 1000, end: 2000 };
  test.each<[string, RowFacts, string]>([
    ["the whole axis", row(1000, 2000), "██████████"],
    ["its beginning", row(1000, 1300, { kind: "tool" }), "▓▓▓"],
    ["its end", row(1800, 2000, { kind: "retry" }), "        ░░"],
    ["a moment", row(1550, 1550, { kind: "event" }), "     ·"],
    ["the last moment", row(2000, 2000, { kind: "event" }), "         ·"],
    ["what was too short to see", row(1310, 1311), "   █"],
    ["what went wrong", row(1000, 1500, { tone: "warning" }), "████!"],
    ["what went wrong at once", row(1400, 1401, { tone: "failed" }), "    !"],
  ])("%s", (_, facts, bar) => {
    expect(timeBar(facts, axis, 10)).toBe(bar);
  });

  test("an axis of one moment", () => {
    expect(timeBar(row(1000, 1000), axisOf([row(1000, 1000)]), 10)).toBe("█");
    expect(axisOf([])).toEqual({ start: 0, end: 0 });
  });

  test("has a column at least, ends within the axis, and none that began later begins before it", () => {
    const stretch = fc.tuple(fc.nat(100_000), fc.nat(100_000)).map(([at, ms]) => row(at, at + ms));
    fc.assert(
      fc.property(fc.array(stretch, { minLength: 1 }), fc.integer({ min: 1, max: 60 }), (rows, columns) => {
        const whole = axisOf(rows);
        const bars = rows.toSorted((a, b) => a.start - b.start).map((one) => timeBar(one, whole, columns));
        for (const bar of bars) {
          expect(bar).toMatch(/^ *█+$/);
          expect(bar.length).toBeLessThanOrEqual(columns);
        }
        const begins = bars.map((bar) => bar.indexOf(BAR_SIGNS.call));
        expect(begins).toEqual(begins.toSorted((a, b) => a - b));
      }),
    );
  });
});

test.each(fixtureNames)("%s: every row is on the axis", (name) => {
  for (const trace of tracesOf(loadFixture(name), "log")) {
    const rows = rowsOf(treeOf(trace));
    const { start, end } = axisOf(rows);
    expect(rows.filter((one) => one.start < start || one.end > end || one.end < one.start)).toEqual([]);
  }
});
