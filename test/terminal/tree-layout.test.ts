import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GAP, type NumberColumn, numberWidths, type TreeWidths, treeLayout } from "../../src/terminal/tree-layout.js";

const NUMBERS = new Map<NumberColumn, number>([
  ["duration", 6],
  ["input", 6],
  ["cached", 6],
  ["output", 4],
  ["reasoning", 5],
  ["cost", 8],
]);

/** As wide as a turn with a subagent. */
const WIDTHS = { name: 31, detail: 90, numbers: NUMBERS };

describe("what gives way to a narrow terminal", () => {
  test.each([
    [300, "duration input cached output reasoning cost", 31, 40, 90],
    [200, "duration input cached output reasoning cost", 31, 39, 79],
    [120, "duration input cached output reasoning cost", 31, 12, 26],
    [100, "duration input cached output reasoning cost", 31, 0, 20],
    [90, "duration input output cost", 31, 0, 25],
    [80, "duration input output cost", 31, 0, 15],
    [60, "duration input cost", 31, 0, 0],
    [40, "duration cost", 22, 0, 0],
    [20, "duration", 12, 0, 0],
    [10, "", 10, 0, 0],
  ])("%i columns: %s, %i for the name, %i for the bars, %i for the text", (width, shown, name, bar, detail) => {
    const layout = treeLayout(WIDTHS, width);
    expect([...layout.numbers.keys()].join(" ")).toBe(shown);
    expect([layout.name, layout.bar, layout.detail]).toEqual([name, bar, detail]);
  });

  test("bars take what the texts do not need, and none where the terminal is narrow", () => {
    const small: TreeWidths = { name: 12, detail: 10, numbers: new Map([["duration", 5]]) };
    expect(treeLayout(small, 99)).toMatchObject({ bar: 0, detail: 10 });
    expect(treeLayout(small, 100)).toMatchObject({ bar: 40, detail: 10 });
    expect(treeLayout({ ...small, detail: 0 }, 100)).toMatchObject({ bar: 40, detail: 0 });
  });

  test("short names and texts take no more than they need", () => {
    const layout = treeLayout({ name: 17, detail: 5, numbers: new Map([["duration", 5]]) }, 80);
    expect(layout).toEqual({ name: 17, detail: 5, bar: 0, numbers: new Map([["duration", 5]]) });
  });

  test("one endless name leaves the others' text alone", () => {
    expect(treeLayout({ ...WIDTHS, name: 5_000 }, 120)).toMatchObject({ name: 60, bar: 0, detail: 18 });
  });

  test("no line is wider than the terminal; time and cost stay longest", () => {
    const wide = fc.nat({ max: 300 });
    const numbers = fc
      .array(fc.tuple(fc.constantFrom(...NUMBERS.keys()), fc.integer({ min: 1, max: 14 })))
      .map((entries) => new Map(entries));
    fc.assert(
      fc.property(wide, wide, numbers, fc.integer({ min: 20, max: 300 }), (name, detail, given, width) => {
        const layout = treeLayout({ name, detail, numbers: given }, width);
        const taken = [...layout.numbers.values()].reduce((sum, one) => sum + GAP + one, 0);
        const gap = (columns: number): number => (columns > 0 ? GAP + columns : 0);
        expect(layout.name + taken + gap(layout.bar) + gap(layout.detail)).toBeLessThanOrEqual(width);
        if (layout.bar > 0) expect(layout.bar).toBeGreaterThanOrEqual(8);
        expect(layout.name).toBeGreaterThanOrEqual(0);
        const has = (column: NumberColumn): boolean => !given.has(column) || layout.numbers.has(column);
        if (!has("cost"))
          expect([has("input"), has("output")].some((kept) => kept)).toBe(!given.has("input") || !given.has("output"));
        if (!has("duration") && given.has("cost")) expect(has("cost")).toBe(false);
        if (!has("output") && given.has("cached")) expect(has("cached")).toBe(false);
      }),
    );
  });
});

test("a column is as wide as its heading or its widest number; empty ones are not there", () => {
  const empty = { duration: "", input: "", cached: "", output: "", reasoning: "", cost: "" };
  expect(
    numberWidths([
      { ...empty, duration: "1.05s", cached: "7" },
      { ...empty, duration: "~59ms" },
    ]),
  ).toEqual(
    new Map([
      ["duration", 5],
      ["cached", 6],
    ]),
  );
});
