import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { adviceFor } from "../../src/errors/advice.js";
import type { ErrorCode, ErrorFacts } from "../../src/errors/error-facts.js";
import { errorFromJSON } from "../../src/errors/error-from-json.js";
import { OpenCodeError } from "../../src/errors/opencode-error.js";
import * as classes from "../../src/errors/opencode-errors.js";
import { isRetryable, retryPolicies } from "../../src/errors/retry-policy.js";
import { AT } from "./turn-situations.js";

const shared = {
  message: "what happened",
  evidence: "export",
  statusCode: 418,
  sessionId: "ses_1",
  exitCode: 1,
  stderr: "tail",
  opencodeError: "APIError",
  provider: { message: "said", requestId: "req_1" },
} as const;

/** One error of each class with all it can carry, and what its getters must then give. */
const family = {
  rate_limit: [
    classes.RateLimitError,
    { retryAt: AT + 60_000, retryAtSource: "retry-after", retryAtBounded: false },
    { retryAt: AT + 60_000 },
  ],
  authentication_failed: [classes.AuthenticationError, {}, {}],
  billing_error: [classes.BillingError, {}, {}],
  invalid_request: [classes.InvalidRequestError, {}, {}],
  start_failed: [classes.StartFailedError, {}, {}],
  server_error: [classes.ServerError, { retryAfterMs: 3_000 }, { retryAfterMs: 3_000 }],
  max_output_tokens: [
    classes.MaxOutputTokensError,
    { reason: "output_limit", partialText: "half" },
    { reason: "output_limit", partialText: "half" },
  ],
  content_filter: [classes.ContentFilterError, {}, {}],
  permission_rejected: [classes.PermissionRejectedError, { tool: "bash" }, { tool: "bash" }],
  aborted: [
    classes.AbortedError,
    { abortedBy: "signal", signal: "SIGTERM" },
    { abortedBy: "signal", signal: "SIGTERM" },
  ],
  timeout: [classes.TimeoutError, { limit: "turn", afterMs: 40_000 }, { limit: "turn", afterMs: 40_000 }],
  doom_loop: [
    classes.DoomLoopError,
    { tool: "bash", arguments: "{}", count: 3, lastError: "no" },
    { tool: "bash", arguments: "{}", count: 3, lastError: "no" },
  ],
  invalid_output: [
    classes.InvalidOutputError,
    { reason: "schema", problems: ["items[2] must be string"] },
    { reason: "schema", problems: ["items[2] must be string"] },
  ],
  unknown: [classes.UnknownOpenCodeError, {}, {}],
} as const satisfies Record<ErrorCode, readonly [unknown, object, object]>;

/** What else an error of a class can say. */
const variants = [
  [
    "doom_loop",
    [
      classes.DoomLoopError,
      { tool: null, arguments: null, answer: { text: "", finish: "unknown" }, count: 42 },
      {
        tool: null,
        arguments: null,
        answer: { text: "", finish: "unknown" },
        count: 42,
        lastError: undefined,
      },
    ],
  ],
  [
    "doom_loop",
    [
      classes.DoomLoopError,
      { tool: null, arguments: null, count: 3, lastError: "too long" },
      { tool: null, arguments: null, answer: undefined, count: 3, lastError: "too long" },
    ],
  ],
] as const;

const rows = [...Object.entries(family), ...variants].map(([code, [type, own, getters]]) => {
  const json = { ...shared, code, retryable: isRetryable(asCode(code)), ...own };
  return [code, type, errorFromJSON(json), json, getters] as const;
});

function asCode(code: string): ErrorCode {
  const found = Object.keys(retryPolicies).find((known): known is ErrorCode => known === code);
  if (found === undefined) throw new Error(`${code} is no code`);
  return found;
}

describe.each(rows)("%s", (code, type, error, facts, getters) => {
  it("is an error of its class that gives its facts", () => {
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(OpenCodeError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(type.name);
    expect(error.facts).toEqual(facts);
    const { opencodeError, ...given } = shared;
    expect(error).toMatchObject({ ...given, code, retryable: facts.retryable, ...getters });
    expect(opencodeError).toBe("APIError");
    expect(inspect(error)).toContain(`${type.name}: what happened`);
  });

  it("comes back the same from JSON text and from the structured clone of its JSON", () => {
    for (const restored of [
      errorFromJSON(JSON.parse(JSON.stringify(error))),
      errorFromJSON(structuredClone(error.toJSON())),
    ]) {
      expect(restored).toBeInstanceOf(type);
      expect(restored.facts).toEqual(error.facts);
      expect(restored.toJSON()).toEqual(error.toJSON());
    }
  });

  it("gives one line of advice with its code and message", () => {
    const line = adviceFor(error.facts);
    expect(line.startsWith(`${code}: `)).toBe(true);
    expect(line).toContain("(what happened)");
    expect(line).not.toContain("\n");
  });
});

describe("errorFromFacts", () => {
  it("keeps the cause, and of it name and message in JSON", () => {
    const facts: ErrorFacts = { code: "unknown", message: "m", retryable: true, evidence: "process" };
    const error = classes.errorFromFacts(facts, { cause: new TypeError("inner") });
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.toJSON()).toMatchObject({ cause: { name: "TypeError", message: "inner" } });
    expect(errorFromJSON(error.toJSON()).cause).toMatchObject({ name: "TypeError", message: "inner" });
    expect(classes.errorFromFacts(facts).toJSON()).not.toHaveProperty("cause");
  });

  it("loses class and facts in a plain structured clone, as its documentation says", () => {
    const cloned: unknown = structuredClone(rows[0]?.[2]);
    expect(cloned).toBeInstanceOf(Error);
    expect(cloned).toMatchObject({ message: "what happened" });
    expect(cloned).not.toHaveProperty("facts");
  });
});

describe("errorFromJSON on what it cannot read", () => {
  const whole = rows[0]?.[2].toJSON();

  it.each([
    ["a code of a newer version", { ...whole, code: "lunar_eclipse" }, "what happened"],
    ["a missing field", { ...whole, retryAt: undefined }, "retryAt"],
    ["a field of the wrong type", { ...whole, statusCode: "429" }, "statusCode"],
    ["a nested field of the wrong type", { ...whole, provider: { message: 1 } }, "provider.message"],
    ["no time", { ...whole, retryAt: null }, "retryAt"],
    ["no object", "RateLimitError: slow down", "no message"],
    ["nothing", undefined, "no message"],
  ])("%s", (_what, json, hint) => {
    const error = errorFromJSON(json);
    expect(error).toBeInstanceOf(classes.UnknownOpenCodeError);
    expect(error.message).toContain(hint);
    expect(error.message).toContain("handed back as JSON that cannot be read");
  });
});
