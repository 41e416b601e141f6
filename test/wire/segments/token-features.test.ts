import { expect, test } from "vitest";
import { tokenFeatures } from "../../../src/wire/segments/token-features.js";

test("blanks and line ends", () => {
  expect(tokenFeatures("one two\n  three\n\nfour   five")).toMatchObject({ words: 3, bareWords: 2, spaces: 4 });
});

test("a text that is one line of megabytes is gone through once", () => {
  const words = 500_000;
  expect(tokenFeatures("ab ".repeat(words))).toMatchObject({ words: words - 1, bareWords: 1, spaces: 0 });
});

test("quotes, arrows and lines of tables are symbols; what stands beside them in Unicode may be letters", () => {
  expect(tokenFeatures("“…” → ⇒ ≤ ─│┌ ✓ ⬛")).toMatchObject({ symbols: 11, foreignLetters: 0 });
  expect(tokenFeatures("ⁿ℃ℕ₂ⱡ")).toMatchObject({ symbols: 2, foreignLetters: 3 });
});
