import { expect, test } from "vitest";
import { fitTable, STAYS, type TableColumn } from "../../src/terminal/fit-table.js";
import { columnsOf } from "../../src/text/columns.js";

const columns: readonly TableColumn[] = [
  { heading: "name", worth: STAYS, align: "left", shortest: 6, cells: ["a long name of a tool", "漢字漢字漢字"] },
  { heading: "tokens", worth: STAYS, align: "right", cells: ["12", "3,456"] },
  { heading: "empty", worth: 8, align: "right", cells: ["", ""] },
  { heading: "cost", worth: 2, align: "right", cells: ["$1.00", ""] },
];

test("texts stand left, numbers right, and a column with nothing in it is left out", () => {
  expect(fitTable(columns, 80)).toEqual([
    "name                   tokens   cost",
    "a long name of a tool      12  $1.00",
    "漢字漢字漢字            3,456",
  ]);
});

test("texts are cut before a column goes, and the one of least worth goes first", () => {
  expect(fitTable(columns, 24)).toEqual(["name       tokens   cost", "a long n…      12  $1.00", "漢字漢字…   3,456"]);
  expect(fitTable(columns, 18)).toEqual(["name        tokens", "a long na…      12", "漢字漢字…    3,456"]);
});

test.each([20, 40, 80, 120])("no line is wider than %i columns", (width) => {
  const many = columns.map((column) => ({ ...column, cells: column.cells.map((cell) => cell.repeat(9)) }));
  for (const line of fitTable(many, width)) expect(columnsOf(line)).toBeLessThanOrEqual(width);
});
