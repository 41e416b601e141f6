import fc from "fast-check";
import { expect, test } from "vitest";
import { STEMS } from "../../src/masking/assigned-names.js";
import { COMMAND_WORDS } from "../../src/masking/commands.js";
import { COLUMN_WORDS, PHRASE_WORDS } from "../../src/masking/config-lines.js";
import { placesIn } from "../../src/masking/places.js";
import { KEY_WORDS } from "../../src/masking/private-keys.js";
import { AROUND, SHAPES } from "../../src/masking/token-shapes.js";

const words = [
  ...SHAPES.map(({ prefix }) => prefix),
  ...AROUND.map(([, word]) => word),
  ...[STEMS, COMMAND_WORDS, COLUMN_WORDS, PHRASE_WORDS, KEY_WORDS].flat(),
];
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(...words),
      fc.constantFrom(" ", "\n", "_", "-", "x", "é", "ŧ", "\ud83d", "Q"),
      fc.string(),
    ),
  )
  .map((pieces) => `${pieces.join("")}   `);

/** Where some words stand, looked for one by one. */
function placesOf(looked: string, all: readonly string[]): readonly number[] {
  return [...looked].length === 0
    ? []
    : Array.from({ length: looked.length }, (_, at) => at).filter((at) =>
        all.some((word) => looked.startsWith(word, at)),
      );
}

test("one look finds every place where something may begin", () => {
  fc.assert(
    fc.property(text, (one) => {
      const places = placesIn(one);
      const low = one.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      for (const [found, expected] of [
        [places.commands, placesOf(one, COMMAND_WORDS)],
        [places.keys, placesOf(one, KEY_WORDS)],
        [places.stems, placesOf(low, STEMS)],
        [places.columns, placesOf(low, COLUMN_WORDS)],
        [places.phrases, placesOf(low, PHRASE_WORDS)],
      ] as const) {
        const all = new Set(found);
        expect(expected.filter((at) => !all.has(at))).toEqual([]);
        expect(found).toEqual(found.toSorted((a, b) => a - b));
      }
      expect([...places.around].sort()).toEqual(
        AROUND.flatMap(([, word]) => (one.includes(word) ? [word] : [])).sort(),
      );
    }),
  );
});

test("a token begins where no word goes on", () => {
  fc.assert(
    fc.property(text, (one) => {
      const prefixes = SHAPES.map(({ prefix }) => prefix);
      const expected = placesOf(one, prefixes).filter((at) => !/[\w-]/.test(one.charAt(at - 1)));
      const found = new Set(placesIn(one).tokens);
      expect(expected.filter((at) => !found.has(at))).toEqual([]);
    }),
  );
});
