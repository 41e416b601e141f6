import fc from "fast-check";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { oneLine, padEnd, padStart, severalLines, shortenMiddle, shortenTo } from "../../src/text/terminal-text.js";

/** Graphemes and bare code units, those that steer terminals among them. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 1 }),
    fc.constantFrom("👩‍👩‍👧", "漢", "e\u0301", "\u200d", "\ud83d", "\u001b[31m", "\u0007", "\u202e", "\n", "\t"),
  ),
});

test("one line is one line, of nothing but what can be seen", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const line = oneLine(text);
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
      expect(line).toBe(line.trim());
      expect(line.isWellFormed()).toBe(true);
    }),
  );
});

test("a line is the same whether one look shows that it is one, or not", () => {
  const likely = fc.string({ unit: fc.constantFrom("a", "~", "!", " ", "\t", "é", "\u007f", "\u200b"), maxLength: 12 });
  fc.assert(
    fc.property(likely, (text) => {
      // So much blank space behind it is not looked at.
      expect(oneLine(text)).toBe(oneLine(`${text}${" ".repeat(1_000)}`));
    }),
  );
});

test("several lines keep their line feeds and tabs", () => {
  expect(severalLines("a\r\n\u001b[1mb\u001b[0m\tc\u0007")).toBe("a\nb\tc");
});

test("what is shortened fits, and says that something is missing", () => {
  fc.assert(
    fc.property(anyText.map(oneLine), fc.integer({ min: 1, max: 40 }), (text, columns) => {
      const short = shortenTo(text, columns);
      expect(stringWidth(short)).toBeLessThanOrEqual(columns);
      if (short !== text) expect(short.endsWith("…")).toBe(true);
    }),
  );
});

test("what is cut in the middle fits, begins and ends as the text does, and says that something is missing", () => {
  fc.assert(
    fc.property(anyText.map(oneLine), fc.integer({ min: 1, max: 40 }), (text, columns) => {
      const short = shortenMiddle(text, columns);
      expect(stringWidth(short)).toBeLessThanOrEqual(columns);
      expect(short.isWellFormed()).toBe(true);
      if (short === text) return;
      const [begin = "", end = ""] = [short.slice(0, short.indexOf("…")), short.slice(short.lastIndexOf("…") + 1)];
      expect([text.startsWith(begin), text.endsWith(end)]).toEqual([true, true]);
      expect(short).toContain("…");
    }),
  );
  expect(shortenMiddle("/repo/packages/one/src/index.ts", 16)).toBe("/repo/p…index.ts");
  expect(shortenMiddle("漢字漢字漢字", 7)).toBe("漢字…字");
});

test.each([
  ["abcdef", 6, "abcdef"],
  ["abcdef", 5, "abcd…"],
  ["漢字漢字", 7, "漢字漢…"],
  ["漢字漢字", 6, "漢字…"],
  ["👩‍👩‍👧👩‍👩‍👧", 3, "👩‍👩‍👧…"],
  ["a b", 2, "a…"],
  ["anything", 0, ""],
])("%s in %i columns: %s", (text, columns, expected) => {
  expect(shortenTo(text, columns)).toBe(expected);
});

test("padding counts columns, not characters", () => {
  expect(padEnd("漢", 4)).toBe("漢  ");
  expect(padStart("漢", 4)).toBe("  漢");
  expect(padEnd("longer", 2)).toBe("longer");
});
