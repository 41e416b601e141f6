import { expect, test } from "vitest";
import { maskFor } from "../../src/masking/mask.js";
import { TextMap } from "../../src/masking/text-map.js";
import { textPieces } from "../../src/masking/text-pieces.js";

const lines = Array.from({ length: 400 }, (_, index) => `line ${index} of what a tool has said`).join("\n");

/** What is looked through of some values. */
function looked(...values: readonly unknown[]): readonly string[] {
  return [...textPieces(values)]
    .join("\n")
    .split("\n")
    .filter((line) => line !== "");
}

test("a long text that stands in the data twice is looked through once", () => {
  const once = [...textPieces([{ output: lines }])].join("").length;
  const twice = [...textPieces([{ output: lines, told: [`${lines}`, { again: lines }] }])].join("").length;
  expect(twice - once).toBeLessThan(40);
});

test("keys and words that stand there again are looked through once, and ids of opencode's in their fields never", () => {
  const id = "prt_1fc500409001S630v6lBoFsjve";
  const part = { id, type: "text", text: "said", own: id };
  expect(looked([part, { ...part, text: "more words" }]).toSorted()).toEqual(
    [id, id, "id", "more words", "own", "said", "text", "type"].toSorted(),
  );
  expect(looked({ id: "prt_1fc500409001S630v6lBoFsj-e" })).toHaveLength(2);
});

test("it is told how deep values are nested, and of fields that are texts", () => {
  const fields: string[][] = [];
  let depth = 0;
  const watcher = {
    field: (name: string, text: string) => void fields.push([name, text]),
    depth: (deepest: number) => {
      depth = deepest;
    },
  };
  const value = [{ a: "1", list: [{ name: "KEY", value: "2" }] }, { value: "3" }, { name: "4" }];
  expect([...textPieces([value, "5"], watcher)]).toHaveLength(1);
  expect(depth).toBe(4);
  expect(fields.map((field) => field.join("=")).toSorted()).toEqual(["KEY=2", "a=1", "name=4", "name=KEY", "value=3"]);
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

test("of many texts that are alike the last ones are remembered: none is compared with thousands", () => {
  const map = new TextMap<number>();
  const text = (index: number) => `${"a".repeat(100)}${1_000 + index}${"b".repeat(600)}`;
  const known = () =>
    Array.from({ length: 1_000 }, (_, index) => map.get(text(index))).filter((one) => one !== undefined);
  for (let index = 0; index < 1_000; index += 1) map.set(text(index), index);
  expect(known()).toEqual([992, 993, 994, 995, 996, 997, 998, 999]);
  map.set(text(3), 3);
  expect(map.get(text(3))).toBe(3);
});
