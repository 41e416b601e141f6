import { describe, expect, it } from "vitest";
import { classifyErrorObject } from "../../src/errors/classify-error-object.js";
import type { ErrorCode, ErrorFacts } from "../../src/errors/error-facts.js";
import { errorObjectOf } from "../../src/errors/opencode2-error.js";
import { AT } from "./turn-situations.js";

const classified = (error: unknown): ErrorFacts =>
  classifyErrorObject(errorObjectOf(error), { evidence: "export", at: AT });

interface Said {
  readonly message: string;
  readonly code?: string;
  readonly type?: string;
}

/** As 2.0 has it: the provider's own message, the status beside it. */
const answered = (type: string, status: number, error: Said) => ({
  type,
  message: error.message,
  status,
  response: { body: JSON.stringify({ error }) },
});
/** As the builds before 2.0 had it. */
const inText = (type: string, status: number, error: Said) => ({
  type,
  message: `Provider request failed with HTTP ${status}: ${JSON.stringify({ error })}`,
});

const answers: readonly (readonly [string, number, Said, ErrorCode])[] = [
  ["provider.auth", 401, { message: "Incorrect API key provided", code: "invalid_api_key" }, "authentication_failed"],
  ["provider.auth", 403, { message: "Project does not have access to model" }, "authentication_failed"],
  ["provider.auth", 403, { message: "Your team has run out of credits." }, "billing_error"],
  ["provider.quota", 402, { message: "Insufficient credits" }, "billing_error"],
  ["provider.unknown", 402, { message: "Insufficient credits" }, "billing_error"],
  ["provider.quota", 429, { message: "Slow down", code: "insufficient_quota" }, "billing_error"],
  ["provider.rate-limit", 429, { message: "Rate limit reached" }, "rate_limit"],
  ["provider.internal", 500, { message: "Internal server error" }, "server_error"],
  ["provider.internal", 529, { message: "Overloaded", type: "overloaded_error" }, "server_error"],
  ["provider.invalid-request", 404, { message: "The model does not exist" }, "invalid_request"],
  ["provider.invalid-request", 413, { message: "Too large" }, "max_output_tokens"],
  ["provider.invalid-request", 400, { message: "No", code: "context_length_exceeded" }, "max_output_tokens"],
  [
    "provider.invalid-request",
    400,
    { message: "Your credit balance is too low to access the Anthropic API.", type: "invalid_request_error" },
    "billing_error",
  ],
  ["provider.content-filter", 400, { message: "filtered", code: "content_filter" }, "content_filter"],
];

const unanswered: readonly (readonly [string, string, ErrorCode])[] = [
  ["provider.auth", "no key", "authentication_failed"],
  ["provider.rate-limit", "wait", "rate_limit"],
  ["provider.transport", "HTTP transport failed", "server_error"],
  ["provider.timeout", "The provider took too long", "server_error"],
  ["provider.internal", "Overloaded", "server_error"],
  ["provider.invalid-output", "Failed to read the stream", "server_error"],
  ["provider.no-route", "Model unavailable: scripted/nope", "invalid_request"],
  ["provider.invalid-request", "no", "invalid_request"],
  ["provider.unsupported-operation", "no", "invalid_request"],
  ["provider.content-filter", "Provider blocked the response", "content_filter"],
  ["provider.unknown", "no", "unknown"],
  ["permission.rejected", "Permission denied: shell", "permission_rejected"],
  ["aborted", "Step interrupted", "aborted"],
  ["compaction.interrupted", "no", "aborted"],
  ["unknown", "no", "unknown"],
  ["tomorrow.kind", "no", "unknown"],
];

describe("opencode 2's errors", () => {
  it.each(answers)("%s with %i %j is %s", (type, statusCode, error, code) => {
    const facts = { code, statusCode, opencodeError: type, provider: { body: JSON.stringify({ error }) } };
    expect(classified(answered(type, statusCode, error))).toMatchObject(facts);
    expect(classified(inText(type, statusCode, error))).toMatchObject(facts);
    expect(classified(inText(type, statusCode, error)).message).toBe(
      classified(answered(type, statusCode, error)).message,
    );
  });

  it.each(unanswered)("%s %s is %s", (type, message, code) => {
    expect(classified({ type, message })).toMatchObject({ code, message, opencodeError: type });
  });

  it("says that a model which no provider has was never asked", () => {
    expect(classified({ type: "provider.no-route", message: "Model unavailable: a/b" })).toMatchObject({
      reason: "model",
    });
  });

  it("keeps the text of an answer that is none of a provider's", () => {
    const message = "Provider request failed with HTTP 502: <html>Bad gateway</html>";
    expect(classified({ type: "provider.internal", message })).toMatchObject({
      code: "server_error",
      message,
      statusCode: 502,
      provider: { body: "<html>Bad gateway</html>" },
    });
  });

  it.each([["a text"], [7], [null], [[]], [{}], [{ type: 3, message: {} }]])("takes %j as unknown", (error) => {
    expect(classified(error).code).toBe("unknown");
  });
});
