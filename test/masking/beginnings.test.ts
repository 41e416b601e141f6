import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { beginningsOf } from "../../src/masking/beginnings.js";

const character = fc.constantFrom("a", "b", "B", " ", "\n", "\0", "é", "ŧ", "š", "\ud83d");
const known = fc.array(fc.string({ unit: character, minLength: 3, maxLength: 7 }), { minLength: 1, maxLength: 6 });

test("every place is told where a known text stands, in order", () => {
  // Parts of a text are looked through one by one: what is looked for may stand across their border.
  const before = fc.constantFrom(0, 1, 30, 8_150, 8_180, 8_189, 8_190);
  fc.assert(
    fc.property(known, fc.array(fc.oneof(known, fc.array(character))), before, (texts, pieces, filler) => {
      const text = `${"-".repeat(filler)}${pieces.flat().join("")}${texts.join("a")}`;
      const told: number[] = [];
      beginningsOf(texts)(text, (at) => told.push(at));
      const places = Array.from({ length: text.length }, (_, at) => at);
      const all = new Set(told);
      expect(places.filter((at) => texts.some((one) => text.startsWith(one, at))).filter((at) => !all.has(at))).toEqual(
        [],
      );
      expect(told).toEqual(told.toSorted((a, b) => a - b));
      expect(all.size).toBe(told.length);
    }),
  );
});

test("hardly any other place is told", () => {
  const text = readFileSync(new URL(import.meta.url), "utf8").repeat(10);
  const told: number[] = [];
  beginningsOf(["hunter2hunter", "correct horse"])(text, (at) => told.push(at));
  expect(told.filter((at) => !/^(?:hunt|corr)/.test(text.slice(at))).length).toBeLessThan(text.length / 500);
});
