import fc from "fast-check";
import { expect, test } from "vitest";
import { addWords, wordsToFind } from "../../src/catalog/words.js";
import { anyCharacter } from "../support/any-character.js";

function wordsOf(text: string): readonly string[] {
  const words = new Set<string>();
  addWords(text, words);
  return [...words];
}

/** As a segment looks for them. */
function isFound(wanted: string, text: string): boolean {
  const words = wordsOf(text);
  return wordsToFind(wanted).every((word) =>
    words.some((one) => (/^[\0-\x7f]{1,2}$/.test(word) ? one === word : one.includes(word))),
  );
}

test.each([
  ["Fix the parseRow() in src/read_file.ts:12", ["fix", "the", "parserow", "in", "src", "read_file", "ts", "12"]],
  ["Ärger über ﬁle Σίσυφος", ["ärger", "über", "file", "σίσυφος"]],
  ["", []],
  ["—…!", []],
  ["修正測試 and テスト", ["修正", "正測", "測試", "and", "テス", "スト"]],
  [
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg== end",
    ["data", "image", "png", "end"],
  ],
])("words of %j", (text, words) => {
  expect(wordsOf(text)).toEqual(words);
});

test.each([
  ["ECONNREFUSED", "connect econnrefused 127.0.0.1"],
  ["refused", "connect ECONNREFUSED"],
  ["src/read_file.ts", "see src/read_file.ts:12"],
  ["測試", "修正測試。"],
  ["ﬁle", "FILE"],
  ["b".repeat(40), `a${"b".repeat(300)}c`],
  ["id 7", "the id is 7"],
])("%j is found in %j", (wanted, text) => {
  expect(isFound(wanted, text)).toBe(true);
});

test.each([
  ["id", "the identity"],
  ["timeout", "time out"],
  ["two words", "two"],
])("%j is not found in %j", (wanted, text) => {
  expect(isFound(wanted, text)).toBe(false);
});

test("whatever stands in a text is found in it, long words and other scripts too", () => {
  const word = fc.string({ unit: anyCharacter, minLength: 3, maxLength: 120 });
  fc.assert(
    fc.property(word, word, word, (before, wanted, after) => {
      expect(isFound(wanted, `${before} ${wanted} ${after}`)).toBe(true);
    }),
  );
});
