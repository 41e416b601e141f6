import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeText } from "../../src/text/decode-text.js";

const LITTLE = (text: string): Buffer => Buffer.from(text, "utf16le");
const BIG = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();
const MARK = "\uFEFF";

describe.each([
  ["UTF-8", (text: string) => Buffer.from(text)],
  ["UTF-16, little-endian", LITTLE],
  ["UTF-16, big-endian", BIG],
])("%s", (_, encode) => {
  const json = JSON.stringify({ info: { title: "Größe 👩‍👩‍👧 日本" }, messages: [] }, null, 2);

  test("is read with and without a byte order mark, which is no part of the text", () => {
    expect(decodeText(encode(json))).toBe(json);
    expect(decodeText(encode(MARK + json))).toBe(json);
    expect(decodeText(encode(json.replaceAll("\n", "\r\n")))).toBe(json.replaceAll("\n", "\r\n"));
  });

  test("any text with a mark is what it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(decodeText(encode(MARK + text))).toBe(text);
      }),
    );
  });
});

test("UTF-8 with some zero bytes in it is no UTF-16", () => {
  expect(decodeText(Buffer.from(`\0\0\0${"a".repeat(40)}\0`))).toBe(`\0\0\0${"a".repeat(40)}\0`);
  for (const text of ["You are a bot.\0", "\u00e4\0b", "", "a"]) expect(decodeText(Buffer.from(text))).toBe(text);
  expect(decodeText(Buffer.alloc(64))).toBe("\0".repeat(64));
});

test("JSON whose values are of another script is UTF-16 all the same", () => {
  const json = JSON.stringify({ info: { title: "日本語の題名".repeat(2_000) }, messages: [] });
  expect(decodeText(LITTLE(json))).toBe(json);
  expect(decodeText(BIG(json))).toBe(json);
});

test("what is no text is replaced, or refused where that is asked for", () => {
  expect(decodeText(Buffer.from([0x22, 0xff, 0x22]))).toBe('"\uFFFD"');
  expect(() => decodeText(Buffer.from([0x22, 0xff, 0x22]), { fatal: true })).toThrow(TypeError);
  expect(() => decodeText(LITTLE("\uFEFFa\uD800"), { fatal: true })).toThrow(TypeError);
  expect(decodeText(LITTLE('\uFEFF"Größe"'), { fatal: true })).toBe('"Größe"');
});
