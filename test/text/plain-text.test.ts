import fc from "fast-check";
import { expect, test } from "vitest";
import { plainText } from "../../src/text/plain-text.js";
import { anyCharacter } from "../support/any-character.js";

test("escape sequences and control characters go, text stays", () => {
  expect(plainText("\x1b[31mred\x1b[0m \x1b]0;title\x07a\tb\r\nc\0 é🎉\x1b[1mbold\x07")).toBe("red a\tb\nc é🎉bold");
  expect(plainText("\x1b]0;no end\nnext")).toBe("0;no end\nnext");
});

test("nothing that moves a cursor is left", () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), (text) => {
      expect(plainText(text)).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
    }),
  );
});
