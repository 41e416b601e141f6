import fc from "fast-check";
import { expect, test } from "vitest";
import { createPacker } from "../../../src/web/data/pack-texts.js";
import type { Detail, ErrorEntry, ReportRow } from "../../../src/web/data/report-data.js";
import { detailReader } from "../../../src/web/report/details.js";
import { diffLineKind } from "../../../src/web/report/diff-lines.js";
import { errorGroups } from "../../../src/web/report/error-groups.js";
import { inTraces, placesOf } from "../../../src/web/report/places.js";
import { nextMatch, search, stringsIn } from "../../../src/web/report/search.js";
import { named, searchPattern, segmentsOf } from "../../../src/web/report/segments.js";
import { anyCharacter } from "../../support/any-character.js";

const UNSAFE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;

test("what cannot be seen is named", () => {
  expect(segmentsOf("a\u001b[31m\u202Eb\u0000")).toEqual([
    { form: "plain", text: "a" },
    { form: "named", text: "ESC" },
    { form: "plain", text: "[31m" },
    { form: "named", text: "U+202E" },
    { form: "plain", text: "b" },
    { form: "named", text: "NUL" },
  ]);
  expect(named("\u0085\u{E0041}")).toBe("U+0085U+E0041");
  expect(segmentsOf("👩‍👩‍👧 one\n\ttwo\r\nthree")).toEqual([{ form: "plain", text: "👩‍👩‍👧 one\n\ttwo\nthree" }]);
});

test("whatever the text and the query, nothing unseen is left and nothing else is lost", () => {
  const text = fc.oneof(fc.string({ unit: anyCharacter }), fc.constantFrom("\u202Eabc", "a\u001bA", "\ud800", "(.*["));
  fc.assert(
    fc.property(fc.array(text), fc.oneof(fc.string(), fc.constantFrom("a", "(.*[", "\\")), (texts, query) => {
      const whole = texts.join("");
      const segments = segmentsOf(whole, query);
      expect(segments.filter((one) => UNSAFE.test(one.text) || !one.text.isWellFormed())).toEqual([]);
      expect(segments.map((one) => one.text).join("")).toBe(named(whole.toWellFormed().replaceAll("\r\n", "\n")));
    }),
  );
});

test("what was searched for is marked, whatever its case", () => {
  expect(segmentsOf("Port = PORT", "port")).toEqual([
    { form: "match", text: "Port" },
    { form: "plain", text: " = " },
    { form: "match", text: "PORT" },
  ]);
});

test("a query is a text, not a pattern", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (query) => {
      expect(searchPattern(query).test(`before ${query} behind`)).toBe(true);
    }),
  );
  expect(searchPattern(".*").test("anything")).toBe(false);
});

test("the search goes row by row, over all texts of each", () => {
  const texts = [["llm-call-0", "hello"], ["tool.bash"], ["x", "say Hello"]];
  expect([...search(3, (row) => texts[row] ?? [], "HELLO")]).toEqual([true, false, true]);
  expect([...stringsIn({ a: "1", b: [2, "3", { c: "4" }, null] })]).toEqual(["1", "3", "4"]);
});

test("what is found in several traces is found in each of them", () => {
  const places = placesOf([2, 0, 3]);
  expect(places).toHaveLength(5);
  expect(inTraces([1, 2, 4], places, 3)).toEqual([[1], [], [0, 2]]);
});

test("matches are walked through round and round", () => {
  expect(nextMatch([2, 5], 0, false)).toBe(2);
  expect(nextMatch([2, 5], 2, false)).toBe(5);
  expect(nextMatch([2, 5], 5, false)).toBe(2);
  expect(nextMatch([2, 5], 5, true)).toBe(2);
  expect(nextMatch([2, 5], 2, true)).toBe(5);
  expect(nextMatch([], 2, true)).toBeNull();
});

test.each([
  ["--- a/x", "head"],
  ["+++ b/x", "head"],
  ["Index: x", "head"],
  ["@@ -1,3 +1,3 @@", "place"],
  ["+new", "added"],
  ["-old", "removed"],
  [" same", "same"],
  ["", "same"],
])("%j in a diff is %s", (line, kind) => {
  expect(diffLineKind(line)).toBe(kind);
});

test("details are parsed when they are asked for, and only so many chunks are kept", () => {
  const packer = createPacker();
  const details = Array.from(
    { length: 100 },
    (_, index): Detail => ({
      facts: [["n", String(index)]],
      sections: [{ title: "t", form: "text", text: `${index}`.padEnd(300_000) }],
    }),
  );
  const places = details.map((detail) => packer.add(detail));
  const chunks = packer.chunks().map((chunk) => JSON.stringify(chunk));
  expect(chunks).toHaveLength(100);
  const read: number[] = [];
  const { detailOf } = detailReader((index) => {
    read.push(index);
    return chunks[index] ?? "";
  });
  const rowAt = (index: number): ReportRow => ({
    id: String(index),
    parent: -1,
    depth: 0,
    kind: "step",
    name: "",
    text: "",
    tone: "plain",
    start: 0,
    end: 0,
    exact: true,
    firstToken: null,
    tokens: null,
    cost: null,
    chunk: places[index]?.chunk ?? -1,
    place: places[index]?.place ?? -1,
  });
  expect(detailOf(rowAt(7))).toEqual(details[7]);
  expect(detailOf(rowAt(7))).toEqual(details[7]);
  expect(read).toEqual([7]);
  for (const index of details.keys()) expect(detailOf(rowAt(index))).toEqual(details[index]);
  expect(detailOf(rowAt(0))).toEqual(details[0]);
  expect(read.filter((index) => index === 0)).toHaveLength(2);
});

test("errors that say the same are told once, with all their rows", () => {
  const error = (row: number, code: string, state: ErrorEntry["state"] = []): ErrorEntry => ({
    row,
    where: "retry",
    of: "retry",
    code,
    message: "m",
    advice: null,
    state,
  });
  const errors = [error(1, "a"), error(2, "b"), error(3, "a"), error(4, "a", [["statusCode", "500"]])];
  expect(errorGroups(errors).map(({ error: { code }, rows }) => `${code} ${rows.join()}`)).toEqual([
    "a 1,3",
    "b 2",
    "a 4",
  ]);
});
