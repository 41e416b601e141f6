import { expect, test } from "vitest";
import { hasOutcome, OUTCOME_WORDS, outcomeText } from "../../src/analysis/outcome.js";
import { errorFactsSchema } from "../../src/errors/error-facts.js";

test.each([
  ["completed", null, "completed"],
  ["failed", "rate_limit", "rate_limit"],
  ["unfinished", "aborted", "aborted"],
  ["unfinished", null, "unfinished"],
] as const)("%s with the error %j is said in one word, which filters take", (outcome, errorCode, word) => {
  const ended = { outcome, errorCode };
  expect(outcomeText(ended)).toBe(word);
  expect(OUTCOME_WORDS).toContain(word);
  expect(OUTCOME_WORDS.filter((one) => hasOutcome(ended, one))).toEqual([...new Set([outcome, word])]);
});

test("max_output_tokens is not ok, and every error has a word", () => {
  expect(hasOutcome({ outcome: "failed", errorCode: "max_output_tokens" }, "ok")).toBe(false);
  for (const { shape } of errorFactsSchema.options) expect(OUTCOME_WORDS).toContain(shape.code.value);
});
