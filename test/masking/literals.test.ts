import fc from "fast-check";
import { expect, test } from "vitest";
import { type Literal, presenceOf, replacerOf } from "../../src/masking/literals.js";

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

test("of any texts it is told which of them stand in others", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "\u0161", "\u0461"), minLength: 3, maxLength: 6 });
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "\u0161", "\u0461"), maxLength: 40 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), fc.array(text, { maxLength: 3 }), (words, texts) => {
      const literals = words.map((one, index) => literal(one, { marker: `#${index}` }));
      const presence = presenceOf(literals);
      for (const one of texts) presence.look(one);
      expect(presence.found()).toEqual(literals.filter((each) => texts.some((one) => one.includes(each.text))));
    }),
  );
});

test("any number of them can stand in one text", () => {
  // More than a function can be called with.
  const literals = Array.from({ length: 130_000 }, (_, index) => literal(`k${index.toString(36).padStart(5, "q")}`));
  const presence = presenceOf(literals);
  presence.look(literals.map(({ text }) => text).join(" "));
  expect(presence.found()).toHaveLength(literals.length);
});
