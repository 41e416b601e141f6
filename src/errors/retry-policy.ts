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

/** What of a failure holds beyond the attempt that met it. */
interface Reach {
  /** Whether another model or provider need not have it. */
  readonly failover: boolean;
  /** Whether every other task of the provider would have it too, until it is put right. */
  readonly lasting: boolean;
}

const anywhere = { failover: false, lasting: false } as const;
const ofTheProvider = { failover: true, lasting: false } as const;
const ofTheAccount = { failover: true, lasting: true } as const;

/** The default policy of each class of failures. */
export const retryPolicies = {
  rate_limit: { kind: "wait", ...ofTheProvider },
  authentication_failed: { ...never, ...ofTheAccount },
  billing_error: { ...never, ...ofTheAccount },
  invalid_request: { ...never, ...anywhere },
  start_failed: { ...never, ...anywhere },
  server_error: { ...backoff, ...ofTheProvider },
  max_output_tokens: { kind: "once", ...anywhere },
  content_filter: { ...never, ...anywhere },
  invalid_output: { kind: "once", ...anywhere },
  permission_rejected: { ...never, ...anywhere },
  aborted: { ...never, ...anywhere },
  timeout: { ...backoff, ...anywhere },
  doom_loop: { ...never, ...anywhere },
  unknown: { ...backoff, ...anywhere },
} as const satisfies Readonly<Record<ErrorCode, RetryPolicy & Reach>>;

/** The codes of all classes of failures. */
export const ERROR_CODES: readonly string[] = Object.keys(retryPolicies);

/** Whether failures of this class can go away by trying again, at once or later. */
export function isRetryable(code: ErrorCode): boolean {
  return retryPolicies[code].kind !== "never";
}

/** How many milliseconds to wait before retry number `retry` (from 0) under a `backoff` policy. */
export function backoffMs(policy: Extract<RetryPolicy, { kind: "backoff" }>, retry: number): number {
  return Math.min(policy.baseMs * policy.factor ** retry, policy.maxMs);
}
