import { expect, test } from "vitest";
import { fitTable, hiddenColumnsLine, STAYS, type TableColumn } from "../../src/terminal/fit-table.js";
import { folded } from "../../src/terminal/labelled-line.js";
import { columnsOf } from "../../src/text/columns.js";

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

test.each([20, 40, 80, 120])("no line is wider than %i columns", (width) => {
  const many = columns.map((column) => ({ ...column, cells: column.cells.map((cell) => cell.repeat(9)) }));
  const { head, rows } = fitTable(many, width);
  for (const line of [head, ...rows]) expect(columnsOf(line)).toBeLessThanOrEqual(width);
});
