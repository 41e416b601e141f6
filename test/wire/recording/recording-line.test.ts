import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { lineOf } from "../../../src/wire/recording/line-schemas.js";
import { parseLine, wholeLine } from "../../../src/wire/recording/recording-line.js";
import { changedAsParsed, type ToldRow, toldAsParsed } from "../../support/told-by-hand.js";

const FILE = new URL("../../../fixtures/wire/mcp@1.18.33/session.wire.jsonl", import.meta.url);
const common = { n: 3, at: 1.5 };
const own = [
  { t: "note", text: "Something is missing." },
  { t: "tool", session: "ses_1", call: "call_1", tool: "read", start: 1.5, traceparent: "00-1" },
  { t: "tool", session: "ses_1", call: "call_1", tool: "read", start: 1.5, end: null },
  { t: "end", ...common, how: "failed", error: "reset" },
  { t: "end", ...common, how: "complete", error: null },
  {
    ...{ t: "request", ...common, method: "POST", url: "http://a/", headers: { a: "b" }, hash: "00", bytes: 5 },
    ...{ session: "ses_1", purpose: null, traceparent: "00-1" },
  },
  {
    ...{ t: "request", ...common, method: "POST", url: "http://a/", headers: {}, hash: "00", bytes: 5 },
    ...{ session: "ses_1", purpose: "title" },
  },
  {
    t: "part",
    ...common,
    chunks: [
      [0, 5, 5],
      [1.5, 2, 1],
    ],
  },
];
const rows = [
  ...readFileSync(FILE, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line)),
  ...own,
].map((row): ToldRow => ({ row, whole: wholeLine, parsed: (one) => lineOf.parse(one) }));

describe("a line of a recording that is told by hand", () => {
  test("is what its schema makes of it, and nearly all are such", () => {
    expect(rows.length).toBeGreaterThan(15);
    expect(toldAsParsed(rows) / rows.length).toBeGreaterThan(0.95);
  });

  test("is what its schema makes of it whatever stands in it", () => {
    changedAsParsed(rows, 1_000);
  });

  test("lacks fields that are not known", () => {
    expect(parseLine('{"t":"end","n":0,"at":1,"how":"complete","more":1}')).toEqual({
      ...{ t: "end", n: 0, at: 1, how: "complete" },
    });
  });
});
