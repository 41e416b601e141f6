import { describe, expect, it } from "vitest";
import { backoffMs, isRetryable, retryPolicies } from "../../src/errors/retry-policy.js";

describe("retryPolicies", () => {
  it("says for each class what to do", () => {
    const kinds = Object.fromEntries(Object.entries(retryPolicies).map(([code, { kind }]) => [code, kind]));
    expect(kinds).toEqual({
      rate_limit: "wait",
      authentication_failed: "never",
      billing_error: "never",
      invalid_request: "never",
      start_failed: "never",
      server_error: "backoff",
      max_output_tokens: "once",
      content_filter: "never",
      invalid_output: "once",
      permission_rejected: "never",
      aborted: "never",
      timeout: "backoff",
      doom_loop: "never",
      unknown: "backoff",
    });
  });

  it("says where another model can help, and where the provider's other tasks fail too", () => {
    const codesWith = (reach: "failover" | "lasting") =>
      Object.entries(retryPolicies).flatMap(([code, policy]) => (policy[reach] ? [code] : []));
    expect(codesWith("failover")).toEqual(["rate_limit", "authentication_failed", "billing_error", "server_error"]);
    expect(codesWith("lasting")).toEqual(["authentication_failed", "billing_error"]);
  });

  it("doubles from 5 s up to a minute", () => {
    const waits = [0, 1, 2, 3, 4, 2_000].map((retry) => backoffMs(retryPolicies.server_error, retry));
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it("calls retryable what may go away, at once or later", () => {
    expect(isRetryable("rate_limit")).toBe(true);
    expect(isRetryable("max_output_tokens")).toBe(true);
    expect(isRetryable("billing_error")).toBe(false);
  });
});
