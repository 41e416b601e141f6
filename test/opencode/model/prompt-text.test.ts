import fc from "fast-check";
import { expect, test } from "vitest";
import { promptText } from "../../../src/opencode/model/prompt-text.js";

test.each([
  ['"do the task"', "do the task"],
  ['"say \\"hi\\" to me"', 'say "hi" to me'],
  ['"ends with a backslash\\"', "ends with a backslash\\"],
  ["hello", "hello"],
  ['"hello"', '"hello"'],
  ['"one thing" "another thing"', '"one thing" "another thing"'],
  ['"', '"'],
  ['""', '""'],
  ["", ""],
])("%s was typed as %s", (stored, typed) => {
  expect(promptText(stored)).toBe(typed);
});

test("what opencode wraps is what comes out again", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      const typed = `${before} ${after}`.replaceAll("\\", "");
      expect(promptText(`"${typed.replaceAll('"', '\\"')}"`)).toBe(typed);
    }),
  );
});
