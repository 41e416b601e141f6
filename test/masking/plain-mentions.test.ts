import fc from "fast-check";
import { expect, test } from "vitest";
import { isStemAt, nameAround, STEMS } from "../../src/masking/assigned-names.js";
import { findAssignments, valuesBehind } from "../../src/masking/assignments.js";
import { codesOf } from "../../src/masking/codes.js";
import { isPlainMention } from "../../src/masking/plain-mentions.js";

const CHANCE = "aB3xY9kQ2mZ7pL5wQ8";

/** Where one of these stands behind the word, a value is found; so that it is no plain mention. */
test.each([
  ["more of a name before it", "curl --access-token hunterhunter x"],
  ["a field's name before it", `name: token\ndefault: ${CHANCE}`],
  ["a field's name further before it", `name =    token\ndefault: ${CHANCE}`],
  ["a name that says more", "machine h login l secret hunterhunter x"],
  ["a longer word", `the tokenKey = "${CHANCE}"`],
  ["an operator", `the token = ${CHANCE}`],
  ["an operator behind more blanks", `the token     := "${CHANCE}"`],
  ["an arrow before what is no word", `the token => "${CHANCE}"`],
  ["an arrow before what chance made", `the token => ${CHANCE}`],
  ["what leads to a value", `the token is ${CHANCE}`],
  ["the same in the next line", `the token\nis ${CHANCE}`],
  ["another name instead of it", `the token or "${CHANCE}"`],
  ["the same in the next line", `the token\n  or "${CHANCE}"`],
  ["signs that stand for that in the next line", `the token\n || "${CHANCE}"`],
  ["a type before a value", `the token string = "${CHANCE}"`],
  ["a type of lists before a value", `the token [8] = "${CHANCE}"`],
  ["a type with a dot before a value", `the token a.String := "${CHANCE}"`],
  ["how it is written", `the token 7 ${CHANCE}`],
  ["a flag", `gh secret set token -b ${CHANCE}`],
  ["what chance made", `the token ${CHANCE}`],
  ["small and capital letters by turns", "the token xAbCdEfghijklmnop"],
  ["the same behind a sign that stands between words", "the token Ab-Cd-Ef-Gh-Ij-Kl-Mn-Op"],
  ["a part too long for a word", `gh secret set token ${"abcde".repeat(5)}-abc`],
  ["what a word goes on with", `the token abc:${CHANCE}`],
  ["a longer name", "machine h login l key_data hunterhunter x"],
  ["a bar of a table", `| the | token | ${CHANCE} |`],
  ["the name of a header", `the cookie == session=${CHANCE}`],
])("what is found behind %s is no plain mention", (_, text) => {
  const at = text.search(/token|secret(?! set)|key_|cookie/);
  expect(findAssignments(text, [at])).not.toEqual([]);
  expect(isPlainMention(codesOf(`${text}\n`), at)).toBe(false);
});

test.each([
  "the token of a request",
  "the tokens, and more",
  "a token\n    const next",
  "a token\r\n  {",
  "a token 12345 of",
  "the key src/server/router.ts is",
  "a token options.timeoutMs\n",
  "a token => result.items ",
  "a token === other",
  "a token != other",
  "a token (); 5",
  "a token { return",
  "the seeds\tgrow on",
])("%j has one", (text) => {
  const codes = codesOf(text);
  const places = Array.from({ length: text.length }, (_, at) => at).filter((at) => isPlainMention(codes, at));
  expect(places).toHaveLength(1);
});

const spaces = fc.constantFrom(" ", "  ", "\t", "         ", "\n", "\n    ", "\r\n", " \n", "\u00a0", "\v", "");
const around = fc.oneof(
  fc.constantFrom(..."{}()[]<>|\"'`=:;,.!?-*#&/$@\\_7é→".split("")),
  fc.constantFrom(
    "=>",
    "==",
    "!==",
    ":=",
    "->",
    "||",
    "??",
    "/**",
    "();",
    "[0]",
    "[]string",
    "-b",
    "--body",
    "│",
    "ŧext",
  ),
  fc.constantFrom("is", "was", "to", "or", "set to", "value", "Is", "string", "request", "options.timeoutMs", "a/b.ts"),
  fc.constantFrom("12345", "hunter2", CHANCE, "xAbCdEfghijklmnop", "AbCdEfGhIjKlMnOpQr", "kqzwvbtrplmnhgfd", "Ms.Foo"),
  fc.constantFrom('"hunter2hunter3"', "name:", "name =", "key: ", "value: hunter2hunter3"),
);
const words = fc.oneof(fc.constantFrom(...STEMS), fc.constantFrom("token", "tokens", "key", "Token", "authorization"));

test("behind a plain mention no value is found", () => {
  let mentions = 0;
  const parts = fc.array(fc.tuple(spaces, fc.oneof(words, around)), { minLength: 3, maxLength: 9 });
  fc.assert(
    fc.property(parts, (all) => {
      const text = all.flat().join("");
      const codes = codesOf(text).slice(0, text.length + 8);
      const places = Array.from({ length: text.length }, (_, at) => at);
      const plain = places.filter((at) => isPlainMention(codes, at));
      mentions += plain.length;
      for (const at of plain) {
        const name = nameAround(text, at);
        if (name) expect([text, valuesBehind(text, name)]).toEqual([text, []]);
      }
      const stems = places.filter((at) => isStemAt(text, at));
      const others = stems.filter((at) => !plain.includes(at));
      expect(findAssignments(text, others)).toEqual(findAssignments(text, stems));
    }),
    { numRuns: 1_000 },
  );
  expect(mentions).toBeGreaterThan(50);
});
