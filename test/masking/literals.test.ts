import fc from "fast-check";
import { expect, test } from "vitest";
import { type Literal, replacerOf } from "../../src/masking/literals.js";

function literal(text: string, options: Partial<Literal> = {}): Literal {
  return { text, from: 0, to: text.length, marker: "#", isWord: false, wraps: false, ...options };
}

test("of any texts, nothing of any of them is left, and all else is", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 3, maxLength: 6 });
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 40 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), text, (words, whole) => {
      const hit = Array.from(whole, () => false);
      for (const one of words) {
        for (let at = whole.indexOf(one); at >= 0; at = whole.indexOf(one, at + 1)) {
          hit.fill(true, at, at + one.length);
        }
      }
      const left = Array.from(whole).filter((_, at) => !hit[at]);
      expect(replacerOf(words.map((one) => literal(one)))(whole).replaceAll("#", "")).toBe(left.join(""));
    }),
  );
});

test("only a part of a text with what stands before it", () => {
  const replace = replacerOf([literal("pass=abc", { from: 5, isWord: true }), literal("pass", { marker: "?" })]);
  expect(replace("pass=abc pass=abcd")).toBe("?=# ?=abcd");
});

test("a text that was broken into lines", () => {
  const replace = replacerOf([literal("0123456789abcdef", { wraps: true })]);
  expect(replace("x 01234567\n  89abcdef y 01234\n56789abcdef")).toBe("x # y 01234\n56789abcdef");
});
