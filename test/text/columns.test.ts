import fc from "fast-check";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { columnsOf, PLAIN } from "../../src/text/columns.js";

test("every character that is counted as plain takes one column", () => {
  const all = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
  const plain = all.filter((character) => PLAIN.test(character));
  expect(plain.length).toBeGreaterThan(250);
  expect(plain.map((character) => [character, columnsOf(character)])).toEqual(
    plain.map((character) => [character, stringWidth(character)]),
  );
  // For all others string-width itself is asked, which takes its time: some tell whether it is.
  const others = all.filter((character, code) => code % 64 === 0 && !PLAIN.test(character));
  expect(others.filter((character) => columnsOf(character) !== stringWidth(character))).toEqual([]);
});

test("texts take as many columns as string-width says, whatever stands side by side", () => {
  const character = fc.oneof(
    fc.constantFrom("├", "─", "│", "“", "”", "…", "·", "→", "é", "你", "👩‍👩‍👧", "\u0301", "\u200D", "\x1b[1m"),
    fc.string({ unit: "grapheme", maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(character, { maxLength: 12 }), (characters) => {
      const text = characters.join("");
      expect(columnsOf(text)).toBe(stringWidth(text));
    }),
  );
});
