import { expect, it } from "vitest";
import { defined, fieldsOf, isFields } from "../../src/text/json-fields.js";

it("takes only an object for fields", () => {
  expect([{}, { a: 1 }, [], null, "a", 1, undefined].map(isFields)).toEqual([
    true,
    true,
    ...[false, false, false, false, false],
  ]);
  expect(fieldsOf([1])).toEqual({});
});

it("leaves out what is undefined, and nothing else", () => {
  const fields = defined({ b: undefined, a: 0, c: null, d: "" });
  expect(Object.entries(fields)).toEqual([
    ["a", 0],
    ["c", null],
    ["d", ""],
  ]);
});
