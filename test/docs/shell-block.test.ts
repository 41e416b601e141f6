import { expect, test } from "vitest";
import { shellCommands } from "./shell-block.js";

const read = (text: string) => shellCommands(text, { F: "<F>" });
const plain = { env: {}, output: undefined, joint: ";" };

test.each([
  ["a b  c # d", [{ ...plain, words: ["a", "b", "c"] }]],
  [`a "b c" 'd "e"' "$F/g"`, [{ ...plain, words: ["a", "b c", 'd "e"', "<F>/g"] }]],
  ["A=1 B=x=y c", [{ ...plain, env: { A: "1", B: "x=y" }, words: ["c"] }]],
  [
    "a > b\nc >> d",
    [
      { ...plain, words: ["a"], output: { path: "b", append: false } },
      { ...plain, words: ["c"], output: { path: "d", append: true } },
    ],
  ],
  ["a && b | c", ["&&", "|", ";"].map((joint, index) => ({ ...plain, joint, words: ["abc".charAt(index)] }))],
  ["a \\\n  b", [{ ...plain, words: ["a", "b"] }]],
  ["a exports/*.json", [{ ...plain, words: ["a", "exports/*.json"] }]],
  ["# only a word", []],
])("%j", (text, commands) => {
  expect(read(text)).toEqual(commands);
});

test("what it cannot read is no silent success", () => {
  expect(() => read("a < b")).toThrow('no "<"');
});
