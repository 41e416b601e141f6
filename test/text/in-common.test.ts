import fc from "fast-check";
import { expect, test } from "vitest";
import { commonEnd, commonStart } from "../../src/text/in-common.js";
import { ownText } from "../../src/text/own-text.js";

const long = fc.integer({ min: 0, max: 3_000 }).map((length) => "ab".repeat(length));
const text = fc.tuple(long, fc.string({ unit: "binary", maxLength: 4 }), long).map((parts) => parts.join(""));

test("two texts have in common what they begin and end with, and no unit more", () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      const start = commonStart(a, b);
      expect(a.slice(0, start)).toBe(b.slice(0, start));
      if (start < Math.min(a.length, b.length)) expect(a[start]).not.toBe(b[start]);
      const most = Math.min(a.length, b.length) - start;
      const end = commonEnd(a, b, most);
      expect(a.slice(a.length - end)).toBe(b.slice(b.length - end));
      if (end < most) expect(a.at(-1 - end)).not.toBe(b.at(-1 - end));
    }),
  );
});

test("a copy says what the text says, halves of characters too", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", '"', "\\", "\n", "é", "\ud83d", "🎉") }),
      (one) => ownText(one) === one,
    ),
  );
});
