import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanValue } from "../../src/otel/clean-value.js";
import { JsonBytes } from "../../src/otel/json-bytes.js";
import { JsonText, jsonText, writeJson } from "../../src/otel/json-text.js";
import { anyCharacter } from "../support/any-character.js";
import { tries } from "../support/tries.js";

const PART = 8 * 1024;

const text = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 60 }),
  fc.constantFrom("", "\ud83d", "a\ud83db", "\udc4b", '"\\\n\u0000\u001b\u2028\u007f', "👋", "__proto__"),
  // What stands where one part of a long text ends and the next one begins.
  fc
    .tuple(fc.integer({ min: PART - 3, max: PART + 1 }), fc.constantFrom("👋", "\ud83d", "\udc4b", '"', "é", "\n"))
    .map(([length, character]) => `${"x".repeat(length)}${character.repeat(3)}yz`),
);
const layers = fc.integer({ min: 0, max: 4 });

/** A text as it stands in so many texts of JSON. */
function nested(inner: string, count: number): string {
  return count === 0 ? inner : JSON.stringify(nested(inner, count - 1)).slice(1, -1);
}

describe("a text", () => {
  test("is escaped once for each text of JSON that it stands in, and counted without the outermost", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, layers), { maxLength: 6 }), (texts) => {
        const to = new JsonBytes();
        for (const [one, count] of texts) to.text(one, count);
        const wanted = texts.map(([one, count]) => nested(one, count)).join("");
        expect(Buffer.from(to.written()).equals(Buffer.from(wanted))).toBe(true);
        const within = texts.map(([one, count]) => nested(one, Math.max(0, count - 1)));
        expect(to.unescaped).toBe(within.reduce((sum, one) => sum + Buffer.byteLength(one), 0));
      }),
      { numRuns: tries(100) },
    );
  });
});

describe("a value as JSON in a text", () => {
  const odd: readonly unknown[] = [
    undefined,
    () => 1,
    Symbol("x"),
    Number.NaN,
    -0,
    1e21,
    new Date(0),
    new Map([[1, 2]]),
    new String("boxed"),
    { toJSON: () => undefined },
    { toJSON: () => ({ a: "\ud83d" }) },
    Object.assign([1], { toJSON: () => "list" }),
    JSON.parse('{"__proto__":{"a":1},"2":1,"1":2,"toJSON":3}'),
    Object.create(null),
    Object.assign([], { length: 2 }),
  ];
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.double(),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom(...odd),
      fc.array(tie("any"), { maxLength: 4 }),
      fc.dictionary(text, tie("any"), { maxKeys: 4 }),
    ),
  })).any;

  test("is written as JSON.stringify writes it, wherever it stands", () => {
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 2 }), (one, count) => {
        const sent = jsonText(one);
        expect(sent === undefined ? sent : String(sent)).toBe(JSON.stringify(one));
        if (!(sent instanceof JsonText)) return;
        const to = new JsonBytes();
        writeJson(sent, to, count);
        expect(new TextDecoder().decode(to.written())).toBe(nested(JSON.stringify(one), count));
      }),
      { numRuns: tries(300) },
    );
  });

  test("is a text in other JSON, and none is made of it before it is written", () => {
    fc.assert(
      fc.property(fc.object({ withNullPrototype: false }), fc.integer({ min: 1, max: 2 }), (one, count) => {
        const cleaned = cleanValue(one, 99);
        const wanted = JSON.stringify({ id: "a", arguments: JSON.stringify(cleaned) });
        const inner = jsonText(cleaned);
        const outer = { id: "a", arguments: inner };
        expect(cleanValue(outer, 99)).toBe(outer);
        const to = new JsonBytes();
        writeJson(new JsonText(outer), to, count);
        expect(new TextDecoder().decode(to.written())).toBe(nested(wanted, count));
        expect(to.unescaped).toBe(Buffer.byteLength(nested(wanted, count - 1)));
        expect(String(new JsonText(outer))).toBe(wanted);
      }),
      { numRuns: tries(100) },
    );
  });

  test("has no field that a program has given all objects", () => {
    const to = new JsonBytes();
    const field = { a: `x${"\ud83d"}` };
    let cleaned: unknown;
    Object.defineProperty(Object.prototype, "everywhere", { value: 1, enumerable: true, configurable: true });
    try {
      writeJson(new JsonText({ a: { b: 1 } }), to, 0);
      cleaned = cleanValue(field, 9);
    } finally {
      Reflect.deleteProperty(Object.prototype, "everywhere");
    }
    expect(new TextDecoder().decode(to.written())).toBe('{"a":{"b":1}}');
    expect(cleaned).toEqual({ a: "x\ufffd" });
  });

  test("that has none says so, and what stands before it stays", () => {
    const to = new JsonBytes();
    to.text("before ", 1);
    const sent = new JsonText({ list: ["begun", 1n] });
    writeJson(sent, to, 1);
    expect(new TextDecoder().decode(to.written())).toBe("before <failed to serialize>");
    expect([String(sent), jsonText(1n)]).toEqual(["<failed to serialize>", "<failed to serialize>"]);
  });
});
