import fc from "fast-check";
import { expect, test } from "vitest";
import { fitTable, hiddenColumnsLine, layTable, STAYS, type TableColumn } from "../../src/terminal/fit-table.js";
import { folded } from "../../src/terminal/labelled-line.js";
import { columnsOf } from "../../src/text/columns.js";
import { oneLine } from "../../src/text/terminal-text.js";
import { tries } from "../support/tries.js";

const columns: readonly TableColumn[] = [
  { heading: "name", worth: STAYS, align: "left", shortest: 6, cells: ["a long name of a tool", "漢字漢字漢字"] },
  { heading: "tokens", worth: STAYS, align: "right", cells: ["12", "3,456"] },
  { heading: "empty", worth: 8, align: "right", cells: ["", ""] },
  { heading: "cost", worth: 2, align: "right", cells: ["$1.00", ""] },
];

test("texts stand left, numbers right, and a column with nothing in it is left out", () => {
  const { head, rows, hidden } = fitTable(columns, 80);
  expect(hidden).toBeNull();
  expect([head, ...rows]).toEqual([
    "name                   tokens   cost",
    "a long name of a tool      12  $1.00",
    "漢字漢字漢字            3,456",
  ]);
});

test("texts are cut before a column goes, and the one of least worth goes first and is named", () => {
  expect(fitTable(columns, 24)).toEqual({
    head: "name       tokens   cost",
    rows: ["a long n…      12  $1.00", "漢字漢字…   3,456"],
    hidden: null,
  });
  const narrow = fitTable(columns, 18);
  expect(narrow).toEqual({
    head: "name        tokens",
    rows: ["a long na…      12", "漢字漢字…    3,456"],
    hidden: { headings: ["cost"], width: 21 },
  });
  expect(fitTable(columns, 21).hidden).toBeNull();
  expect(fitTable(columns, 20).hidden).toEqual(narrow.hidden);
  expect(hiddenColumnsLine(narrow.hidden).map((line) => folded(line, 80))).toEqual([
    ["narrow   no room for cost: --width 21 shows all"],
  ]);
  expect(hiddenColumnsLine(null)).toEqual([]);
});

test("names that differ at their ends are cut in the middle", () => {
  const cells = ["result of read /repo/packages/one/src/index.ts", "result of read /repo/packages/two/src/main.ts"];
  const { rows } = fitTable([{ heading: "part", worth: STAYS, align: "left", shortest: 10, cut: "middle", cells }], 24);
  expect(rows).toEqual(["result of r…src/index.ts", "result of r…/src/main.ts"]);
});

test("columns of little worth go before a text is cut so far that it tells little", () => {
  const title = { heading: "title", worth: STAYS, align: "left", shortest: 6, comfort: 12 } as const;
  const table = (width: number, worth: number) => {
    const cells = ["a title of some length"];
    return fitTable(
      [
        { ...title, cells },
        { heading: "time", worth, align: "right", cells: ["12.3s"] },
      ],
      width,
    );
  };
  expect(table(18, 30)).toEqual({
    head: "title",
    rows: ["a title of some l…"],
    hidden: { headings: ["time"], width: 19 },
  });
  expect(table(18, 60)).toEqual({ head: "title         time", rows: ["a title of…  12.3s"], hidden: null });
});

test("rows that come one by one are laid out by what is said of their columns", () => {
  const { head, line, hidden } = layTable(
    [
      { heading: "title", worth: STAYS, align: "left", width: 20, shortest: 8 },
      { heading: "steps", worth: 10, align: "right", width: 5 },
      { heading: "outcome", worth: STAYS, align: "left", width: 7, paint: (cell) => `<${cell}>` },
    ],
    24,
  );
  expect(head).toBe("title     steps  outcome");
  expect(line(["a long title", "12", "ok"], 0)).toBe("a long…      12  <ok>");
  expect(line(["", "7", "failed a little"], 1)).toBe("              7  <failed…>");
  expect(hidden).toBeNull();
});

const cell = fc.oneof(
  fc.constantFrom(
    "",
    "ok",
    "漢字漢字漢字漢字漢字",
    "👩‍👩‍👧 family",
    "ｗｉｄｅ",
    "e\u0301te\u0301",
    "a".repeat(90),
    "a/b/c.ts",
  ),
  fc.string({ unit: "grapheme", maxLength: 30 }).map(oneLine),
);
const shape = fc.record(
  {
    heading: fc.constantFrom("title", "tokens", "名前", ""),
    worth: fc.integer({ min: 1, max: STAYS }),
    align: fc.constantFrom("left" as const, "right" as const),
    shortest: fc.integer({ min: 1, max: 40 }),
    comfort: fc.integer({ min: 1, max: 60 }),
    cut: fc.constant("middle" as const),
  },
  { requiredKeys: ["heading", "worth", "align"] },
);
const tables = fc
  .tuple(fc.array(shape, { minLength: 1, maxLength: 9 }), fc.integer({ min: 0, max: 6 }))
  .chain(([shapes, rows]) =>
    fc.tuple(
      ...shapes.map((one) => fc.array(cell, { minLength: rows, maxLength: rows }).map((cells) => ({ ...one, cells }))),
    ),
  );

test("no line is wider than the terminal, and what goes is named", () => {
  fc.assert(
    fc.property(tables, fc.integer({ min: 20, max: 220 }), (some, width) => {
      const { head, rows, hidden } = fitTable(some, width);
      for (const line of [head, ...rows]) expect(columnsOf(line)).toBeLessThanOrEqual(width);
      expect(rows).toHaveLength(some[0]?.cells.length ?? 0);
      for (const one of some) {
        if (one.worth >= STAYS || one.cells.every((text) => text === "")) continue;
        // Where everything has room, nothing goes, and the other way round.
        if (hidden === null && one.heading !== "") expect(head).toContain(one.heading);
      }
      if (hidden) expect(fitTable(some, hidden.width).hidden).toBeNull();
    }),
    { numRuns: tries(40) },
  );
});
