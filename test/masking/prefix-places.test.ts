import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lowBytesOf } from "../../src/masking/low-bytes.js";
import { kindAt, MOST_PLACES, PART, prefixPlaces } from "../../src/masking/prefix-places.js";
import { PREFIXES, type Prefix } from "../../src/masking/prefixes.js";

/** Of which kinds the prefixes are that are told, by their places in a text. */
function told(text: string): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const places = new Int32Array(MOST_PLACES);
  const low = lowBytesOf(text);
  let last = 0;
  for (let from = 0; from < text.length; from += PART) {
    const count = prefixPlaces(low, from, Math.min(text.length, from + PART), places);
    expect(count).toBeLessThanOrEqual(MOST_PLACES);
    for (const at of places.subarray(0, count)) {
      if (at < last) throw new Error(`${at} is told behind ${last}`);
      last = at;
      found.set(at, kindAt(low, at));
    }
  }
  return found;
}

/** Of which kinds those are that stand at a place, looked for one by one. */
function kindsOf(text: string, at: number): number {
  const stands = ({ characters }: Prefix): boolean =>
    characters.every((those, index) => those.includes((text.charCodeAt(at + index) || 0) & 255));
  return PREFIXES.reduce((kinds, prefix) => (stands(prefix) ? kinds | prefix.kind : kinds), 0);
}

const prefix = fc
  .constantFrom(...PREFIXES)
  .chain(({ characters }) => fc.tuple(...characters.map((those) => fc.constantFrom(...those))))
  .map((codes) => String.fromCharCode(...codes));

test("every place is told where a prefix stands, and of which kind it is", () => {
  const piece = fc.oneof(prefix, prefix, fc.constantFrom("", " ", "x", "k", "1", "\n", "\0", "é", "ŧ", "š", "\ud83d"));
  // Parts of a text are looked through one by one: what is looked for may stand across their border.
  const filler = fc.constantFrom(0, 0, 0, PART - 4, PART - 2, PART - 1, PART, 2 * PART - 3);
  fc.assert(
    fc.property(filler, fc.array(piece, { minLength: 1, maxLength: 20 }), (before, pieces) => {
      const text = "-".repeat(before) + pieces.join("");
      const found = told(text);
      for (let at = before; at < text.length; at += 1) {
        const kinds = kindsOf(text, at);
        expect([at, (found.get(at) ?? 0) & kinds]).toEqual([at, kinds]);
      }
    }),
  );
});

test("each prefix is told at each of the first places, before and behind anything", () => {
  for (const { characters, kind } of PREFIXES) {
    const word = String.fromCharCode(...characters.map((those) => those.at(-1) ?? 0));
    for (const before of ["", "x", "é\n", "MMM"]) {
      expect([word, (told(`${before}${word}`).get(before.length) ?? 0) & kind]).toEqual([word, kind]);
    }
  }
});

test("a text in which one may begin everywhere has room", () => {
  // Behind the last three there is too little.
  expect(told("S".repeat(3 * PART)).size).toBe(3 * PART - 3);
});

test("hardly any other place is told to be one", () => {
  const text = readFileSync(new URL(import.meta.url), "utf8");
  const others = [...told(text)].filter(([at, kinds]) => (kinds & ~kindsOf(text, at)) !== 0);
  expect(others.length).toBeLessThan(text.length / 100);
});
