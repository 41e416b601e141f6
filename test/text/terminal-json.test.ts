import fc from "fast-check";
import { expect, test } from "vitest";
import { terminalJson } from "../../src/text/terminal-json.js";
import { anyCharacter } from "../support/any-character.js";

const steering = fc.constantFrom(
  "\u001b[2J",
  "\u009b2J",
  "\u0007",
  "\u202e",
  "\u2066",
  "\ufeff",
  "\u2028",
  "\ud83d",
  "\u0000",
);

test("it is the same value again, and nothing in it steers a terminal", () => {
  const text = fc.array(fc.oneof(steering, fc.string({ unit: anyCharacter }))).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.dictionary(text, fc.oneof(text, fc.array(text))), (value) => {
      const json = terminalJson({ ...value });
      expect(JSON.parse(json)).toEqual({ ...value });
      expect(json).not.toMatch(
        /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/,
      );
      expect(json.isWellFormed()).toBe(true);
    }),
  );
});
