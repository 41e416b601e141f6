import fc from "fast-check";
import { expect, test } from "vitest";
import { type CsvCell, csv } from "../../src/view/csv.js";

test.each<[string, CsvCell, string]>([
  ["a text", "plain text", "plain text"],
  ["nothing", null, ""],
  ["a number, also a negative one", -1.5, "-1.5"],
  ["a comma", "a,b", '"a,b"'],
  ["quotes", 'say "hi"', '"say ""hi"""'],
  ["lines", "one\ntwo", '"one\ntwo"'],
  ["a formula", '=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
  ["a formula behind spaces", "  @SUM(A1)", "'  @SUM(A1)"],
  ["a formula that begins with a sign", "-2+3", "'-2+3"],
  ["a formula that begins with a plus", "+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"],
  ["a formula in wide letters", "＝1+1", "'＝1+1"],
  ["a tab", "\t=1", "'\t=1"],
  ["an escape sequence", "\u001b[31mred\u001b[0m", "red"],
  ["a formula behind what is taken out", "\u001b[31m\u202E=1", "'=1"],
  ["wide text", "漢字 👩‍👩‍👧", "漢字 👩‍👩‍👧"],
])("%s", (_, cell, expected) => {
  expect(csv([["x", cell]])).toBe(`x,${expected}\r\n`);
});

/** A reader by the grammar of RFC 4180. */
function read(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "\r\n") {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

test("any cells come back where they were, and none is a formula", () => {
  const cell = fc.oneof(
    fc.string({
      unit: fc.constantFrom("a", '"', ",", "\n", "\r", "=", "+", "-", "@", " ", "\t", "漢", "\u0000"),
    }),
    fc.string({ unit: "grapheme" }),
    fc.integer(),
    fc.constant(null),
  );
  const table = fc
    .integer({ min: 1, max: 4 })
    .chain((columns) =>
      fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 5 }),
    );
  fc.assert(
    fc.property(table, (rows) => {
      const back = read(csv(rows));
      expect(back.map((row) => row.length)).toEqual(rows.map((row) => row.length));
      for (const [index, row] of rows.entries()) {
        for (const [column, value] of row.entries()) {
          const text = back[index]?.[column] ?? "";
          if (typeof value !== "string") expect(text).toBe(value === null ? "" : String(value));
          else expect(text).not.toMatch(/^\s*[=+\-@]/);
        }
      }
    }),
  );
});
