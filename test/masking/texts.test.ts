import { expect, test } from "vitest";
import { maskFor } from "../../src/masking/mask.js";
import { TextMap } from "../../src/masking/text-map.js";
import { textPieces } from "../../src/masking/texts.js";

const lines = Array.from({ length: 400 }, (_, index) => `line ${index} of what a tool has said`).join("\n");

test("a long text that stands in the data twice is looked through once, but for its edges", () => {
  const once = [...textPieces([{ output: lines }])].join("").length;
  const twice = [...textPieces([{ output: lines, told: [`${lines}`, { again: lines }] }])].join("").length;
  expect(twice - once).toBeLessThan(lines.length / 2);
  expect([...textPieces([["one line ".repeat(900), "one line ".repeat(900)]])].join("").length).toBe(16_201);
});

test("a secret is found between the edges of equal texts, and what stands next to them", async () => {
  const value = [
    `${lines}\npassword:`,
    "x",
    `${lines}\npassword:`,
    { a: lines, b: `${lines}\nDB_PASSWORD=hunter2hunter3` },
  ];
  const masked = JSON.stringify((await maskFor([value], { environment: {} }))(value));
  expect(masked).not.toContain("hunter2hunter3");
  expect(masked).toContain("line 399 of what a tool has said");
});

test("what is remembered of texts is told of equal ones alone", () => {
  const map = new TextMap<number>();
  const text = (middle: string) => `${"a".repeat(400)}${middle}${"b".repeat(400)}`;
  for (const [index, middle] of ["x", "y", "z"].entries()) map.set(text(middle), index);
  expect(["x", "y", "z", "q"].map((middle) => map.get(text(middle)))).toEqual([0, 1, 2, undefined]);
  map.set("short", 1);
  expect(map.get("short")).toBeUndefined();
});
