import fc from "fast-check";
import { expect, test } from "vitest";
import { STEMS } from "../../src/masking/assigned-names.js";
import { findAssignments } from "../../src/masking/assignments.js";
import { COMMAND_WORDS } from "../../src/masking/commands.js";
import { MANIFEST_WORD, PHRASE_WORDS, WEB_KEY_WORD } from "../../src/masking/config-lines.js";
import { findTokenShapes } from "../../src/masking/find-tokens.js";
import { placesIn } from "../../src/masking/places.js";
import { KEY_WORDS } from "../../src/masking/private-keys.js";
import { SIGN_IN_WORD } from "../../src/masking/sign-ins.js";
import { COLUMN_WORDS } from "../../src/masking/tables.js";
import { AROUND, SHAPES } from "../../src/masking/token-shapes.js";

const words = [
  ...SHAPES.map(({ prefix }) => prefix),
  ...AROUND.map(([, word]) => word),
  ...[STEMS, COMMAND_WORDS, COLUMN_WORDS, PHRASE_WORDS, KEY_WORDS].flat(),
  ...[MANIFEST_WORD, WEB_KEY_WORD, SIGN_IN_WORD],
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
        [places.columns, placesOf(low, COLUMN_WORDS)],
        [places.phrases, placesOf(low, PHRASE_WORDS)],
        [places.manifests, placesOf(one, [MANIFEST_WORD])],
        [places.webKeys, placesOf(one, [WEB_KEY_WORD])],
        [places.signIns, placesOf(one, [SIGN_IN_WORD])],
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

test("a token is found wherever one begins, and no word goes on", () => {
  const tail = fc.constantFrom(
    "aB3xY9kQ2mZ7pL5wQ8rT6vN4",
    "0123456789abcdef0123456789abcdef01234567",
    "\n",
    ".",
    "-",
    "AB",
  );
  const prefixes = SHAPES.map(({ prefix }) => prefix);
  const tokens = fc
    .array(fc.tuple(fc.constantFrom(" ", "\n", "x", "'", ""), fc.constantFrom(...prefixes), fc.array(tail)))
    .map((parts) => parts.map(([before, prefix, after]) => `${before}${prefix}${after.join("")}`).join(""));
  fc.assert(
    fc.property(fc.oneof(text, tokens), (one) => {
      const { tokens: found, around } = placesIn(one);
      const all = placesOf(one, prefixes).filter((at) => !/[\w-]/.test(one.charAt(at - 1)));
      expect(findTokenShapes(one, found, around)).toEqual(findTokenShapes(one, all, around));
    }),
  );
});

test("a value of a telling name is found as if each place were looked at where such a name may be", () => {
  const names = fc.constantFrom(
    ...STEMS,
    ...["session", "Sessions", "sessionID", "sess_pin", "session.pin", "session-token", "path", "inside", "signal"],
  );
  const rest = fc.constantFrom(
    ...'= : =" " _ . - \n , PIN ID s é ŧ ŉ x'.split(" "),
    " ",
    "hunter2hunter3",
    "aB3xY9kQ2mZ7pL5w",
  );
  const assigned = fc
    .array(fc.tuple(rest, names, fc.array(rest, { maxLength: 4 })), { maxLength: 12 })
    .map((parts) => parts.map(([before, name, after]) => `${before}${name}${after.join("")}`).join(""));
  fc.assert(
    fc.property(fc.oneof(text, assigned), (one) => {
      const low = one.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      expect(findAssignments(one, placesIn(one).stems)).toEqual(findAssignments(one, placesOf(low, STEMS)));
    }),
  );
});
