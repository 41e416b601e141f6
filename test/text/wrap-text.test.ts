import fc from "fast-check";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { charactersOf, severalLines } from "../../src/text/terminal-text.js";
import { wrapped } from "../../src/text/wrap-text.js";
import { anyCharacter } from "../support/any-character.js";
import { tries } from "../support/tries.js";

test.each<[string, number, readonly string[]]>([
  ["", 10, [""]],
  ["one two three", 13, ["one two three"]],
  ["one two three", 9, ["one two", "three"]],
  ["one   two", 4, ["one", "two"]],
  ["one two", 3, ["one", "two"]],
  ["a\n\nb  \n", 10, ["a", "", "b", ""]],
  ["    indented code here", 14, ["    indented", "code here"]],
  ["\tx", 10, ["    x"]],
  ["abcdefghij", 4, ["abcd", "efgh", "ij"]],
  ["      abcdefghij", 8, ["      ab", "cdefghij"]],
  ["go abcdefghij", 6, ["go", "abcdef", "ghij"]],
  ["PATH: /usr/bin:/opt/bin:/x", 14, ["PATH:", "/usr/bin:", "/opt/bin:/x"]],
  ["http://abcdefgh", 8, ["http://a", "bcdefgh"]],
  ["漢字漢字", 5, ["漢字", "漢字"]],
  ["漢", 2, ["漢"]],
  ["\u200d  \u0301漢", 2, ["\u200d", " \u0301", "漢"]],
  ["👩‍👩‍👧👩‍👩‍👧", 3, ["👩‍👩‍👧", "👩‍👩‍👧"]],
])("%j in %i columns", (text, columns, lines) => {
  expect(wrapped(text, columns)).toEqual(lines);
});

test("no line is too wide, and nothing but blanks at the breaks is lost", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      " ",
      "  ",
      "\n",
      "\t",
      "漢字",
      "👩‍👩‍👧‍👦",
      "🇩🇪",
      "🇩",
      "e\u0301",
      "\u0301",
      "\u200d",
      "ｗｉｄｅ",
      "word",
    ),
    fc.string({ unit: "grapheme", maxLength: 8 }),
    fc.string({ unit: anyCharacter, maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.integer({ min: 2, max: 30 }), (pieces, columns) => {
      const text = severalLines(pieces.join(""));
      const lines = wrapped(text, columns);
      // One character can be wider than two columns: notes with their stems, say.
      const isOne = (line: string): boolean => [...charactersOf(line)].length === 1;
      expect(lines.filter((line) => stringWidth(line) > columns && !isOne(line))).toEqual([]);
      const solid = (one: string): string => one.replace(/\s+/gu, "");
      expect(solid(lines.join(""))).toBe(solid(text));
    }),
    { numRuns: tries(500) },
  );
});
