import type { ErrorCode } from "./error-facts.js";

/**
 * What to do after a failure, by default.
 *
 * - `never`: the same request fails again; something has to be changed first.
 * - `once`: one more attempt may go better, a third will not.
 * - `wait`: not before the `retryAt` of the facts; a caller that cannot wait that long fails over to another model.
 * - `backoff`: after `min(baseMs · factor^n, maxMs)` milliseconds, n counting the retries from 0.
 */
export type RetryPolicy =
  | { readonly kind: "never" }
  | { readonly kind: "once" }
  | { readonly kind: "wait" }
  | { readonly kind: "backoff"; readonly baseMs: number; readonly factor: number; readonly maxMs: number };

const never = { kind: "never" } as const;
const backoff = { kind: "backoff", baseMs: 5_000, factor: 2, maxMs: 60_000 } as const;

/** The default policy of each class of failures. */
export const retryPolicies = {
  rate_limit: { kind: "wait" },
  authentication_failed: never,
  billing_error: never,
  invalid_request: never,
  server_error: backoff,
  max_output_tokens: { kind: "once" },
  content_filter: never,
  invalid_output: { kind: "once" },
  permission_rejected: never,
  aborted: never,
  timeout: backoff,
  doom_loop: never,
  unknown: backoff,
} as const satisfies Readonly<Record<ErrorCode, RetryPolicy>>;

/** Whether failures of this class can go away by trying again, at once or later. */
export function isRetryable(code: ErrorCode): boolean {
  return retryPolicies[code].kind !== "never";
}

/** How many milliseconds to wait before retry number `retry` (from 0) under a `backoff` policy. */
export function backoffMs(policy: Extract<RetryPolicy, { kind: "backoff" }>, retry: number): number {
  return Math.min(policy.baseMs * policy.factor ** retry, policy.maxMs);
}
