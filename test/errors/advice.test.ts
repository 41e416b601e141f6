import { describe, expect, it } from "vitest";
import { adviceFor } from "../../src/errors/advice.js";
import type { ErrorFacts } from "../../src/errors/error-facts.js";
import { AT } from "./turn-situations.js";

const shared = { message: "said", retryable: true, evidence: "export" } as const;
const limited = {
  ...shared,
  code: "rate_limit",
  retryAt: AT + 60_000,
  retryAtSource: "retry-after",
  retryAtBounded: false,
} as const;

const rows: readonly (readonly [string, ErrorFacts])[] = [
  ["rate_limit: the provider asks to wait until 14:03:20 UTC", limited],
  ["try again after 14:03:20 UTC", { ...limited, retryAtSource: "default" }],
  ["wait until an unknown time", { ...limited, retryAt: 1e300 }],
  ["`opencode auth login` or set the provider's key", { ...shared, code: "authentication_failed" }],
  ["top up the account", { ...shared, code: "billing_error" }],
  ["`opencode models`", { ...shared, code: "invalid_request" }],
  ["the key of its provider is set", { ...shared, code: "invalid_request", reason: "model" }],
  [
    "refused before a model was asked; put right what was asked for",
    { ...shared, code: "invalid_request", reason: "start" },
  ],
  ["its folders, its configuration, or its arguments", { ...shared, code: "start_failed" }],
  ["failed with status 503", { ...shared, code: "server_error", statusCode: 503 }],
  ["check the network", { ...shared, code: "server_error" }],
  ["the answer is cut off", { ...shared, code: "max_output_tokens", reason: "output_limit" }],
  ["start a new session", { ...shared, code: "max_output_tokens", reason: "context_overflow" }],
  ["rephrase the prompt", { ...shared, code: "content_filter" }],
  ["a permission to use bash", { ...shared, code: "permission_rejected", tool: "bash" }],
  ["a permission and got no answer", { ...shared, code: "permission_rejected" }],
  ["ended on request", { ...shared, code: "aborted", abortedBy: "caller" }],
  ["continue the session", { ...shared, code: "aborted", abortedBy: "signal" }],
  ["allow more time", { ...shared, code: "timeout", limit: "turn" }],
  [
    "timeout: the provider kept failing (server_error); try again in a while",
    { ...shared, code: "timeout", limit: "turn", lastFailure: { code: "server_error", message: "no" } },
  ],
  ["raise `timeout` of the provider", { ...shared, code: "timeout", limit: "request" }],
  ["bash was called again", { ...shared, code: "doom_loop", tool: "bash", arguments: "{}", count: 3 }],
  [
    "try another model or provider",
    {
      ...{ ...shared, code: "doom_loop", tool: null, arguments: null, count: 3 },
      answer: { text: "", finish: "unknown" },
    },
  ],
  ["a larger context", { ...shared, code: "doom_loop", tool: null, arguments: null, count: 3 }],
  ["look into opencode's log", { ...shared, code: "unknown" }],
  ["stderr may say more", { ...shared, code: "unknown", stderr: "boom" }],
];

describe("adviceFor", () => {
  it.each(rows)("… %s …", (part, facts) => {
    expect(adviceFor(facts)).toContain(part);
  });
});
