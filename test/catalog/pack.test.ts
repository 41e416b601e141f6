import fc from "fast-check";
import { expect, test } from "vitest";
import { pack, unpack } from "../../src/catalog/pack.js";

test("any plain data comes back as it was", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (values) => {
      const plain: unknown = JSON.parse(JSON.stringify(values));
      expect(unpack(pack(values))).toEqual(plain);
    }),
  );
});

test("rows of one shape come back as they were, whatever is null in them", () => {
  const row = fc.record({
    id: fc.string(),
    at: fc.integer({ min: -(2 ** 40), max: 2 ** 50 }),
    cost: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    list: fc.array(fc.record({ name: fc.string(), ms: fc.array(fc.nat()), is: fc.boolean() })),
    at2: fc.option(fc.record({ deep: fc.option(fc.string()) })),
  });
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      expect(JSON.stringify(unpack(pack(rows)))).toBe(JSON.stringify(rows));
    }),
  );
});

test("a key of an object's own that is named as its prototype stays one", () => {
  const values = [JSON.parse('{"__proto__":{"a":1}}')];
  expect(JSON.stringify(unpack(pack(values)))).toBe(JSON.stringify(values));
});
