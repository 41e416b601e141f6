import fc from "fast-check";
import { expect, test } from "vitest";
import { createPacker, unpack } from "../../../src/web/data/pack-texts.js";
import type { Detail } from "../../../src/web/data/report-data.js";
import { at } from "../../support/fixtures.js";

const detail = (value: unknown): Detail => ({ facts: [], sections: [{ title: "t", form: "value", value }] });

test("whatever is packed comes out as it was, from whichever chunk", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("\u0001", "\u00010:0", "\u00017:1", "x".repeat(120), "y".repeat(200_000)),
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: "small" }, text, fc.double(), fc.constant(null), tie("list"), tie("object")),
    list: fc.array(tie("value"), { maxLength: 4 }),
    object: fc.dictionary(fc.oneof(text, fc.constant("__proto__")), tie("value"), { maxKeys: 4 }),
  })).value;
  fc.assert(
    fc.property(fc.array(json, { maxLength: 12 }), (values) => {
      const packer = createPacker();
      const places = values.map((value) => packer.add(detail(value)));
      const chunks = packer.chunks();
      const unpacked = places.map(({ chunk, place }) =>
        unpack(at(chunks, chunk).details[place], (index) => at(chunks, index).texts),
      );
      expect(JSON.stringify(unpacked)).toBe(JSON.stringify(values.map(detail)));
    }),
  );
});

test("a long text is written once, wherever it stands again", () => {
  const packer = createPacker();
  const long = "long ".repeat(100);
  packer.add(detail({ first: long, again: [long] }));
  packer.add(detail(long));
  const json = JSON.stringify(packer.chunks());
  expect(json.split(long).length - 1).toBe(1);
});

test("chunks stay small, but a text is never parted", () => {
  const packer = createPacker();
  for (let index = 0; index < 30; index += 1) packer.add(detail(`${index} ${"x".repeat(50_000)}`));
  packer.add(detail("y".repeat(1_000_000)));
  const sizes = packer.chunks().map(({ texts }) => texts.join("").length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(2_500_000);
  expect(sizes.slice(0, -1).every((size) => size <= 310_000)).toBe(true);
  expect(packer.chunks().every(({ texts }) => texts.every((text) => text.length >= 50_000))).toBe(true);
});

test("what is nested too deep for any recursion is left out", () => {
  let deep: unknown = "bottom";
  for (let level = 0; level < 20_000; level += 1) deep = [deep];
  const packer = createPacker();
  packer.add(detail(deep));
  const json = JSON.stringify(packer.chunks());
  expect(json).toContain("nested deeper than 200 levels");
  expect(json).not.toContain("bottom");
});
