import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanText, cleanValue } from "../../src/otel/clean-value.js";

describe("a text", () => {
  test("stays as it is within the limit", () => {
    for (const text of ["", "hello", "nul \u0000 esc \u001b", "🎉".repeat(5)])
      expect(cleanText(text, 10 + 8)).toBe(text);
  });

  test("is well-formed, whatever it was", () => {
    expect(cleanText("half \ud83d", 100)).toBe("half \ufffd");
    expect(cleanText("\udc4b half", 100)).toBe("\ufffd half");
  });

  test("is cut between characters, never inside one", () => {
    const text = fc.string({ unit: "grapheme", minLength: 20, maxLength: 200 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 19 }), (whole, limit) => {
        const parts = /^(.*)\n… \[(\d+) of (\d+) characters left out\] …\n(.*)$/s.exec(cleanText(whole, limit));
        const [, head = "", left, of, tail = ""] = parts ?? [];
        expect(whole.startsWith(head)).toBe(true);
        expect(whole.endsWith(tail)).toBe(true);
        expect(Number(of)).toBe(whole.length);
        expect(head.length + tail.length + Number(left)).toBe(whole.length);
        expect(head.length + tail.length).toBeLessThanOrEqual(limit);
      }),
    );
  });

  test("that is a data URL is described", () => {
    expect(cleanText(`data:image/png;base64,${"A".repeat(400)}`, 1_000)).toBe("[image/png, 300 bytes, not sent]");
    expect(cleanText(`data:;base64,${"A".repeat(8)}`, 1_000)).toBe("[data, 6 bytes, not sent]");
    expect(cleanText("data:text/plain,hello", 1_000)).toBe("data:text/plain,hello");
    expect(cleanText("data: three rows", 1_000)).toBe("data: three rows");
  });
});

describe("a value", () => {
  test("is cleaned in every corner, keys too", () => {
    expect(cleanValue({ "k\ud83d": ["\ud83d", { deep: "abcdef" }], n: 1, no: null, yes: true }, 3)).toEqual({
      "k\ufffd": ["\ufffd", { deep: "abc\n… [3 of 6 characters left out] …\n" }],
      n: 1,
      no: null,
      yes: true,
    });
  });

  test("that is clean already stays what it is", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "grapheme" }), (value) => {
        const cleaned = cleanValue(value, 1_000);
        expect(cleaned).toEqual(value);
        // The very same objects, no copies.
        if (typeof value === "object" && value !== null) expect(cleaned).toBe(value);
      }),
    );
  });

  test("can hold a key that objects treat in their own way", () => {
    const odd: unknown = JSON.parse('{"__proto__": {"a": 1}}');
    expect(JSON.stringify(cleanValue(odd, 100))).toBe('{"__proto__":{"a":1}}');
  });

  test("that is nested without an end in sight is cut", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(50_000)}${"]".repeat(50_000)}`);
    expect(JSON.stringify(cleanValue(deep, 100))).toContain("nested deeper than 200 levels, not sent");
  });
});

test("media inside of a longer text are described as well, examples of them are not", () => {
  const picture = `data:image/png;base64,${"iVBOR".repeat(80)}==`;
  const text = `Look: ![](${picture}) and {"url":"${picture}"}; data:text/plain;base64,SGk= is short.`;
  expect(cleanText(text, 100_000)).toBe(
    'Look: ![]([image/png, 301 bytes, not sent]) and {"url":"[image/png, 301 bytes, not sent]"}; data:text/plain;base64,SGk= is short.',
  );
});

test("a data URL is told as what it was where it is a field's name, too", () => {
  const url = `data:image/png;base64,${"A".repeat(400)}`;
  const cleaned = { kept: 1, "[image/png, 300 bytes, not sent]": { "[image/png, 300 bytes, not sent]": true } };
  expect(cleanValue({ kept: 1, [url]: { [url]: true } }, 1_000)).toEqual(cleaned);
});
