import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lowBytesOf } from "../../src/masking/low-bytes.js";
import { ANY, MOST_PLACES, PART, type Prefix, prefixesOf } from "../../src/masking/prefixes.js";

/** Words of one character and more, each of a kind of its own. */
const WORDS = ["S", "M", "s.", "11", "key", "sk-", "token", "password", ":45", "Private-Lines: "];

function prefixOf(word: string, kind: number): Prefix {
  const character = (at: number) => (at < word.length ? [word.charCodeAt(at)] : ANY);
  return { characters: [character(0), character(1), character(2), character(3)], length: word.length, kind };
}

const prefixes = prefixesOf(WORDS.map((word, index) => prefixOf(word, 1 << index)));

/** Which of the words may begin where in a text, by the places in it. */
function lookedAt(text: string): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, readonly string[]>();
  const places = new Int32Array(MOST_PLACES);
  const low = lowBytesOf(text);
  let last = 0;
  for (let from = 0; from < text.length; from += PART) {
    const count = prefixes.look(low, from, Math.min(text.length, from + PART), places);
    expect(count).toBeLessThanOrEqual(MOST_PLACES);
    for (const at of places.subarray(0, count)) {
      expect(at).toBeGreaterThanOrEqual(last);
      last = at;
      const kinds = prefixes.kindAt(low, at);
      found.set(
        at,
        WORDS.filter((_, index) => (kinds & (1 << index)) !== 0),
      );
    }
  }
  return found;
}

/** Where they stand, looked for one by one. */
function standing(text: string): ReadonlyMap<number, readonly string[]> {
  return new Map(
    Array.from({ length: text.length }, (_, at) => at).flatMap((at) => {
      const here = WORDS.filter((word) => text.startsWith(word, at));
      return here.length > 0 ? [[at, here] as const] : [];
    }),
  );
}

test("every place is told where a prefix stands, and of which kind it is", () => {
  const piece = fc.oneof(
    fc.constantFrom(...WORDS),
    fc.constantFrom("", " ", "x", "k", "1", ":", "-", "\n", "\0", "é", "ŧ", "š", "\ud83d", "-----"),
  );
  // Parts of a text are looked through one by one: what is looked for may stand across their border.
  const filler = fc.constantFrom(0, 0, 0, PART - 4, PART - 2, PART - 1, PART, 2 * PART - 3);
  fc.assert(
    fc.property(filler, fc.array(piece, { minLength: 1, maxLength: 30 }), (before, pieces) => {
      const text = "-".repeat(before) + pieces.join("");
      const told = lookedAt(text);
      for (const [at, words] of standing(text)) {
        expect([at, told.get(at)]).toEqual([at, expect.arrayContaining([...words])]);
      }
    }),
  );
});

test.each(WORDS)("%j is told at each of the first places, before and behind anything", (word) => {
  for (const before of ["", "x", "xy", "xyz", "x\n\n ", "MMMMMMM", "11111"]) {
    for (const behind of ["", "x", "1234", "\0", "é"]) {
      expect(lookedAt(before + word + behind).get(before.length)).toContain(word);
    }
  }
});

test("a text in which every place may be one has room", () => {
  expect(lookedAt("S".repeat(3 * PART)).size).toBe(3 * PART);
});

test("hardly any other place is told", () => {
  const text = readFileSync(new URL(import.meta.url), "utf8").repeat(5);
  const others = [...lookedAt(text)].filter(
    ([at, words]) => words.length > 0 && !standing(text.slice(at, at + 20)).has(0),
  );
  expect(others.length).toBeLessThan(text.length / 500);
});
