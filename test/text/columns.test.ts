import fc from "fast-check";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { columnsOf } from "../../src/text/columns.js";

test("every character that is counted as plain takes one column", () => {
  for (let code = 0; code <= 0xffff; code += 1) {
    const character = String.fromCharCode(code);
    expect(columnsOf(character), `U+${code.toString(16)}`).toBe(stringWidth(character));
  }
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
