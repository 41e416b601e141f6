import fc from "fast-check";
import { expect, test } from "vitest";
import { TOKEN_COLUMNS, tokenCsv } from "../../src/analysis/token-csv.js";
import { tokenRows } from "../../src/analysis/token-rows.js";
import { csvLine } from "../../src/text/csv.js";
import { oneLine } from "../../src/text/terminal-text.js";
import { anyCharacter } from "../support/any-character.js";
import { fixtureNames, loadFixture, tracesOf } from "../support/fixtures.js";
import { parseCsv } from "../support/parse-csv.js";

test.each<[string | number | null, string]>([
  ["bash", "bash"],
  ["", ""],
  [null, ""],
  [-5, "-5"],
  [0.25, "0.25"],
  ["a,b", '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ["two\nlines", "two lines"],
  ["\u001b[31mred\u001b[0m", "red"],
  ["=1+1", "'=1+1"],
  ["+1", "'+1"],
  ["-1", "'-1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  [" \t=1", "'=1"],
  ["\u200b=1", "'=1"],
  ["＝1", "'＝1"],
  ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
])("%j is written %s", (cell, text) => {
  expect(csvLine([cell])).toBe(`${text}\r\n`);
});

test("whatever the cells hold, they are read back as one row, and none as a formula", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: anyCharacter }),
    fc.constantFrom('"', '""', ",", "\r\n", "\n", "=", "@x", "-", "+", "'", '",=1', "漢字", "👩‍👩‍👧"),
  );
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(fc.array(fc.oneof(text, number, fc.constant(null)), { minLength: 1 }), (cells) => {
      const [row, ...more] = parseCsv(csvLine(cells));
      expect(more).toEqual([]);
      expect(row).toHaveLength(cells.length);
      for (const [index, cell] of cells.entries()) {
        const read = row?.[index] ?? "";
        if (typeof cell === "number") expect(Number(read)).toBe(cell + 0);
        else {
          expect(read).not.toMatch(/^[=+\-@]/);
          expect(read.replace(/^'(?=[=+\-@＝＋－＠])/, "")).toBe(
            oneLine(cell ?? "").replace(/^'(?=[=+\-@＝＋－＠])/, ""),
          );
        }
      }
    }),
  );
});

test.each(fixtureNames)("%s: a row for each call, with what the table says", (name) => {
  for (const trace of tracesOf(loadFixture(name), "log")) {
    const [head = [], ...rows] = parseCsv([TOKEN_COLUMNS, ...tokenCsv(trace)].map(csvLine).join(""));
    const calls = tokenRows(trace);
    expect(rows).toHaveLength(calls.length);
    for (const [index, row] of rows.entries()) {
      const cells = Object.fromEntries(head.map((column, at) => [column, row[at]]));
      const call = calls[index];
      expect(cells).toMatchObject({
        traceId: trace.traceId,
        call: call?.name,
        spanId: call?.spanId,
        promptTokens: String(call?.prompt?.total ?? ""),
        contextTokens: String(call?.context ?? ""),
        contextGrowth: String(call?.growth ?? ""),
        costUsd: String(call?.cost ?? ""),
        copied: "no",
      });
    }
  }
});
