import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exportInParts } from "../../../src/opencode/read/export-in-parts.js";
import { fixtureNames, loadFixture } from "../../support/fixtures.js";

async function* chunksOf(text: string, length: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

describe("an export that is read as its bytes come in", () => {
  test("is what JSON.parse makes of the whole, wherever the bytes are cut", async () => {
    for (const [index, name] of fixtureNames.entries()) {
      const { text } = loadFixture(name);
      expect(await exportInParts(chunksOf(text, 100 + index * 37))).toStrictEqual(JSON.parse(text));
    }
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ unit: "grapheme", maxLength: 4 }), fc.jsonValue(), { maxKeys: 4 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(undefined, 2, "\t"),
        async (value, length, indent) => {
          const json = JSON.stringify(value, undefined, indent);
          const read = await exportInParts(chunksOf(`\n${json} \n`, length));
          if (read !== undefined || !Object.hasOwn(value, "__proto__")) expect(read).toEqual(JSON.parse(json));
        },
      ),
    );
  });

  test("is left to the whole text where it is anything else", async () => {
    const read = (text: string) => exportInParts(chunksOf(text, 3)).catch((error: unknown) => String(error));
    const odd = [
      "",
      "[]",
      "x{}",
      "{}{}",
      '{"a":1}x',
      '{"a":1,"a":2}',
      '{"__proto__":1}',
      '{"a" 1}',
      '{"a":1 "b":2}',
      "\ufeff{}",
    ];
    for (const text of odd) expect(await read(text), text).toBeUndefined();
    for (const text of [
      "{",
      '{"a',
      '{"a":',
      '{"a":1',
      '{"a":[1',
      '{"a":[{"b":"c\\"',
      '{"a":1,',
      '{"a":nul}',
      '{"a":[1,]}',
    ]) {
      const outcome = await read(text);
      expect(outcome === undefined || String(outcome).startsWith("SyntaxError"), text).toBe(true);
    }
  });
});
