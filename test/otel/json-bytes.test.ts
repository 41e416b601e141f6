import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { encodeTrace } from "../../src/otel/encode-trace.js";
import { JsonBytes } from "../../src/otel/json-bytes.js";
import { traceOf } from "../support/fixtures.js";

const LARGE = 9 * 1024 * 1024;

test("memory that something very large has needed is given back, and what is written stays", () => {
  const bytes = new JsonBytes();
  bytes.text("kept", 0);
  const mark = bytes.mark();
  bytes.text("x".repeat(LARGE), 0);
  bytes.rewind(mark);
  expect(bytes.written().buffer.byteLength).toBeGreaterThan(LARGE);
  bytes.trim();
  expect(bytes.written().buffer.byteLength).toBeLessThan(LARGE / 8);
  bytes.text(", too", 0);
  expect(Buffer.from(bytes.written()).toString()).toBe("kept, too");
});

test("it is given back with each request, at which whoever sends it may be long", () => {
  const trim = vi.spyOn(JsonBytes.prototype, "trim");
  onTestFinished(() => trim.mockRestore());
  const requests = encodeTrace(traceOf("multistep@1.18.33"), {}, { spans: 2 });
  let trimmed = 0;
  for (const { body } of requests) {
    expect(body.byteLength).toBeGreaterThan(0);
    expect(trim.mock.calls.length).toBeGreaterThan(trimmed);
    trimmed = trim.mock.calls.length;
  }
  expect(trimmed).toBeGreaterThan(3);
});

test.each([
  ["little", 400],
  ["most", 120],
  ["all", 76],
])("what is taken fills %s of its memory: what stays is the same, and both can be written on", (_, first) => {
  const bytes = new JsonBytes(first);
  bytes.string('head"', 1);
  const head = bytes.mark();
  bytes.bytes(Buffer.from("x".repeat(60)));
  const end = bytes.mark();
  const left = new JsonBytes();
  for (const text of ['head"', 'next"', "later"]) left.string(text, 1);
  bytes.byte(0x2c);
  const next = bytes.mark();
  bytes.string('next"', 1);
  const taken = bytes.take(end, Buffer.from("]}"), head, next);
  bytes.string("later", 1);
  expect(Buffer.from(bytes.written()).toString()).toBe(Buffer.from(left.written()).toString());
  expect(bytes.mark()).toEqual(left.mark());
  expect(Buffer.from(taken).toString()).toBe(`\\"head\\\\\\"\\"${"x".repeat(60)}]}`);
});

test("what is taken has memory of its own, whatever is written after it", () => {
  const bytes = new JsonBytes(100);
  const beginning = bytes.mark();
  const takeAll = (text: string): Uint8Array => {
    bytes.bytes(Buffer.from(text));
    return bytes.take(bytes.mark(), Buffer.from("!"), beginning, bytes.mark());
  };
  const texts = [10, 90, 30, 70, 200].map((length, index) => String(index).repeat(length));
  const taken = texts.map(takeAll);
  expect(taken.map((one) => Buffer.from(one).toString())).toEqual(texts.map((text) => `${text}!`));
  expect(new Set(taken.map(({ buffer }) => buffer)).size).toBe(texts.length);
  // What nearly fills the memory that it was written in is not copied.
  expect(taken.map(({ buffer }) => buffer.byteLength)).toEqual([11, 100, 31, 100, 201]);
});

test("what lies between two marks is cut out, and sizes are those of what is left", () => {
  const bytes = new JsonBytes();
  bytes.string('a"', 1);
  const from = bytes.mark();
  bytes.string('b"b', 1);
  const to = bytes.mark();
  bytes.string('"c', 1);
  bytes.cut(from, to);
  const left = new JsonBytes();
  for (const text of ['a"', '"c']) left.string(text, 1);
  expect(Buffer.from(bytes.written())).toEqual(Buffer.from(left.written()));
  expect(bytes.mark()).toEqual(left.mark());
});

const WHOLE = fc.oneof(
  fc.string({ unit: "binary", minLength: 20, maxLength: 60 }),
  fc.string({ unit: fc.constantFrom("a", '"', "\\", "\n", "\u0001", "\u007f", "é", "𝄞", "\ud834"), maxLength: 60 }),
);
const TEXT_IN_LAYERS = fc.record({ text: WHOLE, layers: fc.integer({ min: 1, max: 4 }) });

function inLayers(text: string, layers: number): string {
  return layers === 0 ? text : JSON.stringify(inLayers(text, layers - 1)).slice(1, -1);
}

test("each text is escaped for as many texts of JSON as it stands in, also where it was written before", () => {
  fc.assert(
    fc.property(fc.array(TEXT_IN_LAYERS, { minLength: 1, maxLength: 12 }), (texts) => {
      const bytes = new JsonBytes(16);
      const twice = [...texts, ...texts, ...texts.map(({ text, layers }) => ({ text, layers: 5 - layers }))];
      for (const { text, layers } of twice) bytes.text(text, layers);
      const expected = twice.map(({ text, layers }) => inLayers(text, layers)).join("");
      expect(Buffer.from(bytes.written()).toString()).toBe(expected);
      const unescaped = twice.map(({ text, layers }) => inLayers(text, layers - 1).toWellFormed()).join("");
      expect(bytes.unescaped).toBe(Buffer.byteLength(unescaped));
    }),
  );
});

test("a text is written anew where what stood before it has moved or is gone", () => {
  const text = `${"a text to say again ".repeat(3)}"`;
  const escaped = inLayers(text, 1);
  const other = (digit: string) => digit.repeat(2 * text.length);
  const bytes = new JsonBytes(64);
  const written = () => Buffer.from(bytes.written()).toString();
  const write = (digit: string) => {
    bytes.text(other(digit), 1);
    bytes.text(text, 1);
  };
  bytes.text("head", 1);
  const head = bytes.mark();
  bytes.text(text, 1);
  bytes.rewind(head);
  write("1");
  expect(written()).toBe(`head${other("1")}${escaped}`);
  const middle = bytes.mark();
  write("2");
  bytes.cut(head, middle);
  write("3");
  expect(written()).toBe(`head${other("2")}${escaped}${other("3")}${escaped}`);
  const end = bytes.mark();
  bytes.take(end, Buffer.from("]"), head, end);
  write("4");
  expect(written()).toBe(`head${other("4")}${escaped}`);
  bytes.clear();
  write("5");
  expect(written()).toBe(`${other("5")}${escaped}`);
});
