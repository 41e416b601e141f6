import fc from "fast-check";
import { expect, test } from "vitest";
import { bareAt, isSurelyPlain, isSurelyWeak, quotedAt } from "../../src/masking/assigned-values.js";
import { valueStrength } from "../../src/masking/secret-values.js";

const piece = fc.oneof(
  fc.constantFrom(..." \t\n\"'`;|&<>.,:=-_/()[]{}$@*rbfuL\u00a0\u2028é→"),
  fc.constantFrom("token", "aB3xY9kQ2mZ7", "12345", "Hunter2", "x", "7"),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));

test("what is said to be surely plain is no value, or one that says less than is asked for", () => {
  fc.assert(
    fc.property(text, fc.boolean(), (one, orWord) => {
      fc.pre(isSurelyPlain(one, 0, orWord));
      expect(quotedAt(one, 0)).toBeUndefined();
      const value = bareAt(one, 0, "\\s\"'`;|&<>");
      expect(value ? valueStrength(one.slice(value.from, value.to)) : 0).toBeLessThan(orWord ? 2 : 1);
    }),
  );
});

test("what is said to be surely weak is not made by chance", () => {
  fc.assert(
    fc.property(text, (one) => {
      fc.pre(isSurelyWeak(one, 0));
      const value = bareAt(one, 0, "\\s\"'`<>");
      expect(value ? valueStrength(one.slice(value.from, value.to)) : 0).toBeLessThan(3);
    }),
  );
});

test.each([
  ["aB3xY9kQ2mZ7", false, false],
  ["token", false, false],
  ["token", true, true],
  ["1234567", true, true],
  ["is", false, true],
  ["", false, true],
  ['r"hunter2hunter"', true, false],
])("%j, where words are none: %j", (value, orWord, expected) => {
  expect(isSurelyPlain(`${value} `, 0, orWord)).toBe(expected);
});

test.each(["", "b", "r", "u", "f", "@", "$", "L", "$@", "Lb"])("a quote may stand behind %j", (prefix) => {
  const from = prefix.length + 1;
  expect(quotedAt(`${prefix}"two words"`, 0)).toEqual({ from, to: from + 9, quoted: true });
});
