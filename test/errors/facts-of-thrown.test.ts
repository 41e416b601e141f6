import { expect, test } from "vitest";
import { ConfigurationError } from "../../src/errors/configuration-error.js";
import { errorFactsSchema } from "../../src/errors/error-facts.js";
import { factsOfThrown } from "../../src/errors/facts-of-thrown.js";
import { OpenCodeCommandError } from "../../src/errors/opencode-command-error.js";
import { OpenCodeNotFoundError } from "../../src/errors/opencode-not-found-error.js";
import { RunRequestError } from "../../src/errors/run-request-error.js";
import { SessionNotFoundError } from "../../src/errors/session-not-found-error.js";

const process = { evidence: "process", retryable: false } as const;
const refused = { ...process, code: "invalid_request", reason: "start" };

test.each([
  [
    new OpenCodeCommandError("opencode serve", "ended.", "no\nluck"),
    { ...process, code: "start_failed", message: "`opencode serve` ended. opencode said: no luck", stderr: "no\nluck" },
  ],
  [
    new OpenCodeCommandError("opencode serve", "did not listen.", ""),
    { ...process, code: "start_failed", message: "`opencode serve` did not listen." },
  ],
  [
    new OpenCodeNotFoundError("None.", []),
    { ...process, code: "start_failed", message: expect.stringMatching(/^None/) },
  ],
  [new RunRequestError("model", "is none."), { ...refused, message: "model: is none." }],
  // It may have been thrown when a model had been asked already.
  [
    new ConfigurationError("warm", "It is none."),
    { code: "unknown", message: "It is none.", retryable: true, evidence: "process" },
  ],
  [new SessionNotFoundError("ses_1"), { ...refused, message: expect.stringContaining("ses_1") }],
  [new Error("a\nb"), { code: "unknown", message: "a b", retryable: true, evidence: "process" }],
  ["text", { code: "unknown", message: "text", retryable: true, evidence: "process" }],
])("%s", (thrown, facts) => {
  expect(factsOfThrown(thrown)).toEqual(facts);
  expect(errorFactsSchema.parse(factsOfThrown(thrown))).toEqual(facts);
});

test("what the caller knows better", () => {
  const facts = factsOfThrown(new Error("inner"), { message: "in its words", isRefusal: true });
  expect(facts).toEqual({ ...refused, message: "in its words" });
  expect(factsOfThrown(new ConfigurationError("warm", "It is none."), { isRefusal: true })).toEqual({
    ...refused,
    message: "It is none.",
  });
});
