import { expect, test } from "vitest";
import { decideRetry, type RetryState } from "../../src/agent/retry-decision.js";
import type { ErrorFacts } from "../../src/errors/error-facts.js";

const shared = { message: "no", retryable: true, evidence: "export" } as const;
const rateLimit: ErrorFacts = {
  ...shared,
  code: "rate_limit",
  retryAt: 31_000,
  retryAtSource: "retry-after",
  retryAtBounded: false,
};
const serverError: ErrorFacts = { ...shared, code: "server_error" };
const start: RetryState = {
  retries: 0,
  retriesOfClass: 0,
  fallbacks: 0,
  now: 1_000,
  deadline: 600_000,
  random: 0,
};

test("without retries and fallback models the first failure is the last", () => {
  for (const error of [rateLimit, serverError]) expect(decideRetry(error, start, {})).toEqual({ kind: "stop" });
});

test("a rate limit is waited for until the provider's own time, if the caller has the patience", () => {
  expect(decideRetry(rateLimit, start, { retries: 1 })).toEqual({ kind: "retry", waitMs: 30_000 });
  expect(decideRetry(rateLimit, start, { retries: 1, patienceMs: 29_999 })).toEqual({ kind: "stop" });
  expect(decideRetry(rateLimit, { ...start, now: 40_000 }, { retries: 1 })).toEqual({
    kind: "retry",
    waitMs: 0,
  });
});

test("server errors are tried again after 5, 10, 20 … 60 s, spread by a quarter at most", () => {
  const waits = [0, 1, 2, 3, 4, 5].map((retriesOfClass) =>
    decideRetry(serverError, { ...start, retries: retriesOfClass, retriesOfClass }, { retries: 9 }),
  );
  expect(waits.map((move) => move.kind === "retry" && move.waitMs)).toEqual([
    5_000, 10_000, 20_000, 40_000, 60_000, 60_000,
  ]);
  expect(decideRetry(serverError, { ...start, random: 1 }, { retries: 1 })).toEqual({
    kind: "retry",
    waitMs: 6_250,
  });
});

test("a server that names a longer time is given it", () => {
  const asked: ErrorFacts = { ...serverError, retryAfterMs: 17_000 };
  expect(decideRetry(asked, start, { retries: 1 })).toEqual({ kind: "retry", waitMs: 17_000 });
});

test("an answer that was cut off is tried once more, and only once", () => {
  const cutOff: ErrorFacts = { ...shared, code: "max_output_tokens", reason: "output_limit" };
  expect(decideRetry(cutOff, start, { retries: 5 })).toEqual({ kind: "retry", waitMs: 0 });
  expect(decideRetry(cutOff, { ...start, retries: 1, retriesOfClass: 1 }, { retries: 5 })).toEqual({
    kind: "stop",
  });
});

test.each(["authentication_failed", "billing_error", "invalid_request", "content_filter"] as const)(
  "%s is never tried again with the same model",
  (code) => {
    expect(decideRetry({ ...shared, code }, start, { retries: 5 })).toEqual({ kind: "stop" });
  },
);

test("the retries of all classes together are bounded", () => {
  expect(decideRetry(serverError, { ...start, retries: 2 }, { retries: 2 })).toEqual({ kind: "stop" });
});

test("nothing begins after the deadline", () => {
  const late = { ...start, now: 599_000 };
  expect(decideRetry(serverError, late, { retries: 5 })).toEqual({ kind: "stop" });
  expect(decideRetry(serverError, { ...start, now: 600_000 }, { fallbackModels: ["a/b"] })).toEqual({
    kind: "stop",
  });
});

test("another model is taken at once after what another model need not have, one after the other", () => {
  const settings = { retries: 1, fallbackModels: ["a/b", "c/d"] };
  for (const error of [rateLimit, serverError, { ...shared, code: "authentication_failed" } as const]) {
    expect(decideRetry(error, start, settings)).toEqual({ kind: "failover", model: "a/b" });
  }
  expect(decideRetry(serverError, { ...start, fallbacks: 1 }, settings)).toEqual({
    kind: "failover",
    model: "c/d",
  });
  expect(decideRetry(serverError, { ...start, fallbacks: 2 }, settings)).toEqual({
    kind: "retry",
    waitMs: 5_000,
  });
});

test("another model is no help against a bad request or a content filter", () => {
  const settings = { fallbackModels: ["a/b"] };
  for (const code of ["invalid_request", "content_filter"] as const) {
    expect(decideRetry({ ...shared, code }, start, settings)).toEqual({ kind: "stop" });
  }
});
