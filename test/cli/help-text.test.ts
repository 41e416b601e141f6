import { expect, test } from "vitest";
import { reflowed } from "../../src/cli/help-text.js";
import { parserWords } from "../../src/cli/parser-words.js";
import { helpWidth } from "../../src/cli/terminal-width.js";
import { columnsOf } from "../../src/text/columns.js";

const TEXT = `
A paragraph whose lines are laid out for one width, and whose last
word ends:
here. A second line of it.

Columns:
  time     ~ before it: only a bound is known, and this goes on and on
           until here
  in       the whole prompt

Examples:
  looptrace show --last --slow 10s --errors --depth 3 --width 200 --json --quiet`;

test("paragraphs and tables are laid out for the width, and command lines stay whole", () => {
  expect(reflowed(TEXT, 40).split("\n")).toEqual([
    "",
    "A paragraph whose lines are laid out for",
    "one width, and whose last word ends:",
    "here. A second line of it.",
    "",
    "Columns:",
    "  time     ~ before it: only a bound is",
    "           known, and this goes on and",
    "           on until here",
    "  in       the whole prompt",
    "",
    "Examples:",
    "  looptrace show --last --slow 10s --errors --depth 3 --width 200 --json --quiet",
  ]);
  for (const line of reflowed(TEXT, 60).split("\n").slice(0, -1)) expect(columnsOf(line)).toBeLessThanOrEqual(60);
});

test("help is as wide as the terminal, up to what can be read, and 80 columns elsewhere", () => {
  expect([60, 90, 240].map((width) => helpWidth({ outIsTty: true, width }))).toEqual([60, 90, 100]);
  expect(helpWidth({ outIsTty: false, width: 240 })).toBe(80);
});

test.each([
  [
    "error: unknown option '--slwo'\n(Did you mean --slow?)\n",
    "--slwo: there is no such option.\nDid you mean --slow?\n",
  ],
  ["error: unknown command 'foo'\n", "foo: there is no such command.\n"],
  ["error: option '-o, --output <file>' argument missing\n", "--output: its value is missing.\nSay --output <file>.\n"],
  ["error: required option '--format <format>' not specified\n", "--format is missing.\nSay --format <format>.\n"],
  ["error: missing required argument 'url'\n", "<url> is missing.\n"],
  ["error: option '--slow <d>' argument '5' is invalid. Why.\nSay 5s.\n", "--slow 5: Why.\nSay 5s.\n"],
  ["error: option '--slow <d>' argument 'a\nb' is invalid. Why.\n", '--slow "a\\nb": Why.\n'],
  [
    "error: too many arguments for 'ls'. Expected 0 arguments but got 1: x.\n",
    /^ls: it takes no argument, and here is 1\.\n/,
  ],
  ["error: what no form knows\n", "what no form knows\n"],
])("what the parser finds wrong has the shape of all errors: %j", (said, expected) => {
  const words = parserWords(said);
  expect(words.startsWith("looptrace: ")).toBe(true);
  if (typeof expected === "string") expect(words.slice("looptrace: ".length)).toBe(expected);
  else expect(words.slice("looptrace: ".length)).toMatch(expected);
});
