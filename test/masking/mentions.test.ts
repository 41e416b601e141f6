import fc from "fast-check";
import { expect, test } from "vitest";
import { nameAround } from "../../src/masking/assigned-names.js";
import { valuesBehind } from "../../src/masking/assignments.js";
import { isMention } from "../../src/masking/mentions.js";

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(
      ..." \t\n\r,;:=<>()[]{}|\"'`.-/?&".split(""),
      "  ",
      "\n  ",
      "\r\n",
      " = ",
      ": ",
      " := ",
      "||",
      "??",
    ),
    fc.constantFrom("is", "was", "or", "to", "set to", "value", "string", "request", "Name", "hunter2hunter3", "1234"),
    fc.constantFrom("token", "password", "apiKey", "DB_PASSWORD", "key", "aB3xY9kQ2mZ7pL5wQ8", "é", "\u00a0"),
  ),
  { maxLength: 8 },
);

test("behind a name that is only mentioned no value is found", () => {
  let mentions = 0;
  const names = fc.constantFrom("token", "tokens", "password", "apiKey", "DB_PASSWORD", "secret");
  fc.assert(
    fc.property(pieces, names, pieces, (before, word, behind) => {
      const text = `${before.join("")}${word}${behind.join("")}`;
      const name = nameAround(text, before.join("").length);
      // Of the value of a field that says a name, others find the value.
      if (!name || !isMention(text, name) || /[:=]["']? {0,8}$/.test(text.slice(0, name.from))) return;
      mentions += 1;
      expect(valuesBehind(text, name)).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
  expect(mentions).toBeGreaterThan(20);
});

test("what tells a value of a name is none of a mention", () => {
  for (const [text, mentioned] of [
    ["the token cache ", true],
    ["token, and more", true],
    ["token\nwords", true],
    ["token is aB3xY9kQ2mZ7pL5wQ8", false],
    ['token or "aB3xY9kQ2mZ7pL5wQ8"', false],
    ['token string = "aB3xY9kQ2mZ7pL5wQ8"', false],
    ["token: aB3xY9kQ2mZ7pL5wQ8", false],
    ["token aB3xY9kQ2mZ7pL5wQ8", false],
    ["authorization, of a header", false],
  ] as const) {
    const name = nameAround(text, text.search(/token|authorization/));
    expect([text, name && isMention(text, name)]).toEqual([text, mentioned]);
  }
});
