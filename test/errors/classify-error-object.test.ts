import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classifyErrorObject } from "../../src/errors/classify-error-object.js";
import { type ErrorFacts, type ErrorObject, errorFactsSchema } from "../../src/errors/error-facts.js";
import { anyCharacter } from "../support/any-character.js";
import { tries } from "../support/tries.js";
import { AT, apiError, named } from "./turn-situations.js";

const context = { evidence: "export", at: AT } as const;
const classified = (error: unknown): ErrorFacts => classifyErrorObject(error, context);
const body = (error: object): object => ({ responseBody: JSON.stringify({ error }) });
const inStream = (error: object): ErrorObject => named("UnknownError", JSON.stringify(error));

describe("billing", () => {
  it.each([
    [
      "a code, as a retryable 429",
      apiError(429, "Slow down", { isRetryable: true, ...body({ code: "insufficient_quota" }) }),
    ],
    [
      "a code, as a 400",
      apiError(400, "Limit", body({ code: "billing_hard_limit_reached", type: "invalid_request_error" })),
    ],
    [
      "a type, as a 401",
      apiError(401, "Manage your billing here", {
        responseBody: '{"type":"error","error":{"type":"CreditsError"}}',
      }),
    ],
    [
      "a code without a status",
      apiError(undefined, "Upgrade", {
        responseBody: '{"type":"error","error":{"code":"usage_not_included"}}',
      }),
    ],
    ["a code inside a stream", inStream({ message: "Slow down", type: "insufficient_quota" })],
    ["a status inside a stream", inStream({ message: "Slow down", code: 402 })],
    ["402", apiError(402, "no")],
    ["402 as text", apiError(undefined, "no", { statusCode: "402" })],
    ["OpenAI's sentence, as 1.15 passes it on", named("UnknownError", '"You exceeded your current quota"')],
    ["Anthropic's sentence", apiError(400, "Your credit balance is too low to access the Anthropic API.")],
    ["opencode's sentence", apiError(undefined, "Quota exceeded. Check your plan and billing details.")],
    [
      "OpenAI's unpaid account",
      apiError(429, "Your account is not active, please check your billing details on our website."),
    ],
    ["OpenAI's limit", apiError(400, "Billing hard limit has been reached")],
    ["a gateway's sentence", apiError(400, "Insufficient credits. Add more")],
    ["DeepSeek's words", apiError(400, "Error: Insufficient Balance")],
    ["out of credits", apiError(403, "Your team has run out of credits.")],
    ["a bare reason phrase", named("UnknownError", "Payment Required")],
    [
      "Anthropic's limit",
      apiError(400, "You have reached your specified API usage limits. You will regain access on 2026-12-01."),
    ],
    [
      "xAI's words",
      apiError(429, "Your team 7 has either used all available credits or reached its monthly spending limit."),
    ],
    [
      "a sentence that stands in the body only",
      apiError(400, "Bad Request", body({ message: "Your credit balance is too low to access the API." })),
    ],
  ])("%s", (_what, error) => {
    expect(classified(error)).toMatchObject({ code: "billing_error", retryable: false });
  });

  it.each([
    ["see the explanation in the plan", "invalid_request"],
    ["credit card parser failed", "invalid_request"],
    ["disk quota exceeded", "invalid_request"],
    ["You have exceeded quota of files", "invalid_request"],
    ["the tool `billing` is not defined", "invalid_request"],
    ["the argument 'insufficient funds' is not one of the enum", "invalid_request"],
    ["plan mode does not support payment required checks", "invalid_request"],
    ["insufficient credits_count in the schema", "invalid_request"],
    ["messages.2.content: please check your plan and billing details page is not UTF-8", "invalid_request"],
    ["Tool result too long: the agents have run out of credits long ago", "invalid_request"],
    ["Invalid value for messages[3].content: 'your credit balance is too low to buy'", "invalid_request"],
  ])("not: %s", (message, code) => {
    expect(classified(apiError(400, message))).toMatchObject({ code });
  });

  it("takes Google's rate limit for one, although it speaks of plan and billing", () => {
    const message = "You exceeded your current quota, please check your plan and billing details.";
    const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "26s" }];
    const google = body({ code: 429, message, status: "RESOURCE_EXHAUSTED", details });
    expect(classified(apiError(429, message, google))).toMatchObject({
      code: "rate_limit",
      retryAt: AT + 26_000,
      retryAtSource: "retry-info",
    });
    expect(classified(apiError(429, message))).toMatchObject({ code: "billing_error" });
  });
});

describe("a refused key and a limit, in unusual forms", () => {
  it.each([
    [
      "Google's 400 for a key",
      apiError(
        400,
        "API key not valid.",
        body({ code: 400, status: "INVALID_ARGUMENT", details: [{ reason: "API_KEY_INVALID" }] }),
      ),
      "authentication_failed",
    ],
    ["a 200 around a 401", apiError(200, "no", body({ code: 401, message: "no" })), "authentication_failed"],
    ["a 200 around a 429", apiError(200, "slow", body({ code: 429, message: "slow" })), "rate_limit"],
    ["a runtime's class", named("UnknownError", "TimeoutError: The operation timed out."), "timeout"],
    ["AWS's class", named("UnknownError", "ThrottlingException: Too many requests, please wait"), "rate_limit"],
    ["a status as first word", named("UnknownError", "429 Too Many Requests"), "rate_limit"],
    ["a gateway's upstream", named("UnknownError", '"Upstream provider exploded"'), "server_error"],
    ["a closed socket", named("UnknownError", "The socket connection was closed unexpectedly."), "server_error"],
  ])("%s", (_what, error, code) => {
    expect(classified(error)).toMatchObject({ code });
  });
});

describe("status and words of an APIError", () => {
  it.each([
    [401, "authentication_failed"],
    [403, "authentication_failed"],
    [404, "invalid_request"],
    [408, "server_error"],
    [413, "max_output_tokens"],
    [422, "invalid_request"],
    [429, "rate_limit"],
    [500, "server_error"],
    [503, "server_error"],
    [529, "server_error"],
    [200, "server_error"],
  ])("%i", (statusCode, code) => {
    expect(classified(apiError(statusCode, "said"))).toMatchObject({ code, statusCode, message: "said" });
  });

  it.each([
    ["a filter's code outweighs 400", apiError(400, "no", body({ code: "content_filter" })), "content_filter"],
    [
      "an overflow's code outweighs 400",
      apiError(400, "no", body({ code: "context_length_exceeded" })),
      "max_output_tokens",
    ],
    ["a gateway's limit outweighs 401", apiError(401, "no", body({ type: "FreeUsageLimitError" })), "rate_limit"],
    [
      "401 outweighs a vague type",
      apiError(401, "no", body({ type: "invalid_request_error" })),
      "authentication_failed",
    ],
    ["no status, a code that tells", apiError(undefined, "no", body({ code: "invalid_prompt" })), "invalid_request"],
    ["no status, nothing told", apiError(undefined, "socket hang up"), "server_error"],
    [
      "another name with a status",
      { name: "SomeNewError", data: { message: "no", statusCode: 403 } },
      "authentication_failed",
    ],
    ["opencode's name for an unknown model", { name: "ProviderModelNotFoundError", data: {} }, "invalid_request"],
    ["a name outweighs a status", { name: "MessageAbortedError", data: { message: "x", statusCode: 500 } }, "aborted"],
    ["the name of the output limit", { name: "MessageOutputLengthError", data: {} }, "max_output_tokens"],
    [
      "the name of an overflow, with words about money",
      named("ContextOverflowError", "credit balance is too low"),
      "max_output_tokens",
    ],
    ["the name of a filter, with words about money", named("ContentFilterError", "Payment required"), "content_filter"],
    [
      "the name of a missing key, with words about money",
      named("ProviderAuthError", "Payment required"),
      "authentication_failed",
    ],
    [
      "the name of a structure, with words about money",
      named("StructuredOutputError", "Payment required"),
      "invalid_output",
    ],
  ])("%s", (_what, error, code) => {
    expect(classified(error)).toMatchObject({ code });
  });
});

describe("errors inside a stream", () => {
  it.each([
    ["overloaded_error", "server_error"],
    ["server_error", "server_error"],
    ["api_error", "server_error"],
    ["upstream_error", "server_error"],
    ["internal_server_error", "server_error"],
    ["timeout_error", "server_error"],
    ["server_is_overloaded", "server_error"],
    ["UNAVAILABLE", "server_error"],
    ["rate_limit_error", "rate_limit"],
    ["rate_limit_exceeded", "rate_limit"],
    ["too_many_requests", "rate_limit"],
    ["ThrottlingException", "rate_limit"],
    ["usage_limit_reached", "rate_limit"],
    ["authentication_error", "authentication_failed"],
    ["permission_error", "authentication_failed"],
    ["invalid_api_key", "authentication_failed"],
    ["UNAUTHENTICATED", "authentication_failed"],
    ["invalid_request_error", "invalid_request"],
    ["not_found_error", "invalid_request"],
    ["ValidationException", "invalid_request"],
    ["unsupported_parameter", "invalid_request"],
    ["content_policy_violation", "content_filter"],
    ["request_too_large", "max_output_tokens"],
    ["billing_error", "billing_error"],
    ["something_new", "unknown"],
  ])("type %s", (type, code) => {
    const facts = classified(inStream({ type, message: "said" }));
    expect(facts).toMatchObject({ code, message: "said", provider: { type, message: "said" } });
  });

  it("lets a telling type outweigh a number in the code, and uses the number alone", () => {
    expect(classified(inStream({ type: "upstream_error", code: 418 }))).toMatchObject({
      code: "server_error",
    });
    expect(classified(inStream({ message: "m", code: 429 }))).toMatchObject({ code: "rate_limit" });
    expect(classified(inStream({ message: "m", code: 200 }))).toMatchObject({ code: "unknown" });
  });
});

describe("bare messages", () => {
  it.each([
    ["The operation timed out.", "timeout"],
    ["The user rejected permission to use this specific tool call.", "permission_rejected"],
    ["Model not found: scripted/nope.", "invalid_request"],
    ["AI_APICallError: Rate limit reached", "rate_limit"],
    ["Too Many Requests", "rate_limit"],
    ["Overloaded", "server_error"],
    ["AI_APICallError: Cannot connect to API: Unable to connect.", "server_error"],
    ["Unauthorized", "authentication_failed"],
    ["Bad Request", "invalid_request"],
    ["the test says: The operation timed out.", "unknown"],
    ["Unexpected server error. Check server logs for details.", "unknown"],
    ["something overloaded the truck", "unknown"],
  ])("%s", (message, code) => {
    expect(classified(named("UnknownError", message))).toMatchObject({ code, message });
  });

  it("speaks of an unknown model only when no model was asked", () => {
    const error = named("UnknownError", "Unexpected server error. Check server logs for details.");
    expect(classified(error).message).not.toContain("opencode never asked the model");
    const facts = classifyErrorObject(error, { ...context, beforeAnyAnswer: true });
    expect(facts).toMatchObject({ code: "invalid_request", reason: "model" });
    expect(facts.message).toContain("opencode never asked the model");
  });

  it("takes only what no provider answered for a failure of opencode's own", () => {
    const gone = named("ProviderModelNotFoundError", "Model not found: a/b");
    expect(classifyErrorObject(gone, { ...context, beforeAnyAnswer: true })).toMatchObject({
      reason: "model",
    });
    expect(classified(gone)).not.toHaveProperty("reason");
    const refused = classifyErrorObject(apiError(400, "bad"), { ...context, beforeAnyAnswer: true });
    expect(refused.code).toBe("invalid_request");
    expect(refused).not.toHaveProperty("reason");
  });
});

describe("waits", () => {
  it("counts retryAt from the error: a header, else 60 s", () => {
    const limited = (responseHeaders: object) => classified(apiError(429, "wait", { responseHeaders }));
    expect(limited({ "Retry-After": "20" })).toMatchObject({
      retryAt: AT + 20_000,
      retryAtSource: "retry-after",
      retryAtBounded: false,
    });
    expect(limited({})).toMatchObject({
      retryAt: AT + 60_000,
      retryAtSource: "default",
      retryAtBounded: false,
    });
    expect(limited({ "retry-after": "soon" })).toMatchObject({ retryAt: AT + 60_000, retryAtBounded: true });
  });

  it("gives a server error the wait that was asked for, and none that was not", () => {
    const busy = apiError(503, "busy", { responseHeaders: { "retry-after": "3" } });
    expect(classified(busy)).toMatchObject({ code: "server_error", retryAfterMs: 3_000 });
    const noStatus = apiError(undefined, "busy", {
      responseHeaders: { "retry-after": "3" },
      ...body({ type: "overloaded_error" }),
    });
    expect(classified(noStatus)).toMatchObject({ code: "server_error", retryAfterMs: 3_000 });
    expect(classified({ ...noStatus, name: "UnknownError" })).toMatchObject({ retryAfterMs: 3_000 });
    expect(classified(apiError(503, "busy"))).not.toHaveProperty("retryAfterMs");
  });
});

describe("what the provider said", () => {
  it("keeps message, code, type, request id and a URL without secrets", () => {
    const error = apiError(400, "bad", {
      responseHeaders: { "X-Request-Id": "req_1" },
      metadata: { url: "https://user:secret@api.example.com/v1/chat?key=secret#part" },
      ...body({ message: "really bad", code: "bad_thing", type: "invalid_request_error" }),
    });
    expect(classified(error)).toMatchObject({
      message: "bad",
      opencodeError: "APIError",
      provider: {
        message: "really bad",
        code: "bad_thing",
        type: "invalid_request_error",
        requestId: "req_1",
        url: "https://api.example.com/v1/chat",
      },
    });
    expect(JSON.stringify(classified(error))).not.toContain("secret");
  });

  it("finds Anthropic's request id in the body", () => {
    const responseBody = '{"type":"error","error":{"type":"overloaded_error"},"request_id":"req_2"}';
    expect(classified(apiError(529, "x", { responseBody }))).toMatchObject({
      provider: { requestId: "req_2" },
    });
  });

  it.each([
    ["a list around the object", '[{"error":{"message":"deep"}}]', "deep"],
    ["JSON in the message", '{"error":{"message":"{\\"error\\":{\\"message\\":\\"deeper\\"}}"}}', "deeper"],
    ["a bare text", '{"error":"flat"}', "flat"],
    ["a detail", '{"detail":"flat"}', "flat"],
    ["a list of errors", '{"errors":[{"message":"first"},{"message":"second"}]}', "first"],
  ])("reads %s when opencode has no message", (_what, responseBody, message) => {
    expect(classified(apiError(400, "", { responseBody })).message).toBe(message);
  });

  it("names what is known when nothing was said", () => {
    expect(classified(apiError(400, "", { responseBody: "" })).message).toBe("APIError 400, without a message");
    expect(classified({ name: "UnknownError" }).message).toBe("UnknownError, without a message");
    expect(classified(null).message).toBe("an error without a name, without a message");
  });

  it("bounds pages and long bodies, and notes the cut", () => {
    const page = `<html>${"x".repeat(100_000)}</html>`;
    const facts = classified(apiError(502, page, { responseBody: page }));
    expect(facts).toMatchObject({ code: "server_error" });
    expect(facts.message).toHaveLength(300);
    expect(facts.provider?.body).toMatch(/^<html>x{1994} … \[cut: 100013 characters in all\]$/);
  });
});

describe("any shape", () => {
  const wild = fc.oneof(fc.jsonValue(), fc.string({ unit: anyCharacter }), fc.double(), fc.constant(undefined));
  const data = fc.record(
    {
      message: fc.oneof(wild, fc.json()),
      statusCode: fc.oneof(wild, fc.integer({ min: -1, max: 700 })),
      responseHeaders: fc.oneof(wild, fc.dictionary(fc.constantFrom("Retry-After", "retry-after-ms"), wild)),
      responseBody: fc.oneof(wild, fc.json()),
      metadata: fc.oneof(wild, fc.record({ url: fc.oneof(wild, fc.webUrl()) })),
      providerID: wild,
    },
    { requiredKeys: [] },
  );
  const names = fc.constantFrom("APIError", "UnknownError", "ContextOverflowError", "ProviderAuthError", "Other");
  const error = fc.oneof(wild, fc.record({ name: fc.oneof(names, wild), data: fc.oneof(data, wild) }));

  it("gives valid facts that survive JSON, with one bounded line", () => {
    fc.assert(
      fc.property(error, (any) => {
        const facts = classified(any);
        expect(errorFactsSchema.parse(JSON.parse(JSON.stringify(facts)))).toEqual(facts);
        expect(facts.message).not.toBe("");
        expect(facts.message.length).toBeLessThanOrEqual(300);
        expect(facts.message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(facts.message.isWellFormed()).toBe(true);
        expect(JSON.stringify(facts).length).toBeLessThan(20_000);
      }),
      { numRuns: tries(1_000) },
    );
  });
});
