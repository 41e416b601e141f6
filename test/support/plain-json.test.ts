import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isPlainJson } from "./plain-json.js";

const odd = [
  ...[undefined, -0, Number.NaN, Number.NEGATIVE_INFINITY, new Date(0), new Map(), Object.create(null), new Array(1)],
  ...[Object.assign([1], { more: 1 }), { [Symbol("s")]: 1 }, { toJSON: () => 1 }, () => 1, new (class Own {})()],
];

test.each(odd)("%o is no plain JSON, wherever it stands", (value) => {
  expect([value, [value], { value }, { in: [{ value }] }].map(isPlainJson)).toEqual([false, false, false, false]);
});

test("what is called so is the same when it was written and read again", () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.anything({ withNullPrototype: true, withSparseArray: true, withDate: true }),
  );
  fc.assert(
    fc.property(value, (any) => {
      if (isPlainJson(any)) expect(isDeepStrictEqual(JSON.parse(JSON.stringify(any)), any)).toBe(true);
    }),
  );
  fc.assert(
    fc.property(
      fc.jsonValue().map((json): unknown => JSON.parse(JSON.stringify(json))),
      isPlainJson,
    ),
  );
});
