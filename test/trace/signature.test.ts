import fc from "fast-check";
import { expect, test } from "vitest";
import { signatureOf, surelyDiffer } from "../../src/trace/signature.js";

const leaf = fc.constantFrom<unknown>(0, -0, 1, "", "1", "ab", true, false, null, undefined, Number.NaN, [], {});
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    leaf,
    fc.array(tie("any"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("a", "b", "__proto__"), tie("any"), { maxKeys: 2 }),
  ),
})).any;

test("what is told to differ at a look has other signatures", () => {
  fc.assert(
    fc.property(value, value, (one, other) => {
      if (surelyDiffer(one, other)) expect(signatureOf(one)).not.toBe(signatureOf(other));
    }),
    { numRuns: 2_000 },
  );
});

test("a look tells texts, numbers, lists and fields apart, and nothing of what is nested too deeply", () => {
  expect(surelyDiffer({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(false);
  expect(surelyDiffer({ a: 1, b: [2] }, { b: [3], a: 1 })).toBe(true);
  expect(surelyDiffer({ a: "x" }, { a: "y" })).toBe(true);
  expect(surelyDiffer({ a: 1 }, { a: 1, b: 1 })).toBe(true);
  let [one, other]: [unknown, unknown] = [1, 2];
  for (let depth = 0; depth < 10_000; depth += 1) [one, other] = [[one], [other]];
  expect(surelyDiffer(one, other)).toBe(false);
});
