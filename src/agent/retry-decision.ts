import type { ErrorFacts } from "../errors/error-facts.js";
import { backoffMs, retryPolicies } from "../errors/retry-policy.js";
import type { AgentSettings } from "./agent-settings.js";

/** How much a caller wants to be done about a failed turn. */
export type RetrySettings = Pick<AgentSettings, "retries" | "patienceMs" | "fallbackModels">;

/** Where a run stands when an attempt has failed. */
export interface RetryState {
  /** Retries that were made already. */
  readonly retries: number;
  /** Retries that were made already after failures of this class. */
  readonly retriesOfClass: number;
  /** Fallback models that were taken already. */
  readonly fallbacks: number;
  /** ms since the epoch. */
  readonly now: number;
  /** ms since the epoch: nothing may begin after it. */
  readonly deadline: number;
  /** From 0 to 1: spreads the retries of many callers. */
  readonly random: number;
}

/** What follows a failed attempt. */
export type RetryDecision =
  | { readonly kind: "stop" }
  /** The same again, after a wait in ms. */
  | { readonly kind: "retry"; readonly waitMs: number }
  | { readonly kind: "failover"; readonly model: string };

export const DEFAULT_PATIENCE_MS = 60_000;
/**
 * A wait is up to so much longer than the policy says, so that callers that failed together do not come back
 * together.
 */
const JITTER = 0.25;

/**
 * What to do after a failed attempt: another model where one is left and can help, else the same again as the
 * failure's class allows, else nothing.
 */
export function decideRetry(error: ErrorFacts, state: RetryState, settings: RetrySettings): RetryDecision {
  const fallback = settings.fallbackModels?.[state.fallbacks];
  if (fallback !== undefined && retryPolicies[error.code].failover && state.now < state.deadline) {
    return { kind: "failover", model: fallback };
  }
  if (state.retries >= (settings.retries ?? 0)) return { kind: "stop" };
  const waitMs = waitBefore(error, state, settings);
  if (waitMs === undefined || state.now + waitMs >= state.deadline) return { kind: "stop" };
  return { kind: "retry", waitMs };
}

/**
 * How long to wait before the same is tried again, in ms; undefined where that is no use or takes too long.
 */
function waitBefore(error: ErrorFacts, state: RetryState, settings: RetrySettings): number | undefined {
  const policy = retryPolicies[error.code];
  switch (policy.kind) {
    case "never":
      return undefined;
    case "once":
      return state.retriesOfClass === 0 ? 0 : undefined;
    case "wait": {
      const waitMs = error.code === "rate_limit" ? Math.max(0, error.retryAt - state.now) : 0;
      return waitMs <= (settings.patienceMs ?? DEFAULT_PATIENCE_MS) ? waitMs : undefined;
    }
    case "backoff": {
      const asked = error.code === "server_error" ? (error.retryAfterMs ?? 0) : 0;
      return Math.max(asked, backoffMs(policy, state.retriesOfClass) * (1 + JITTER * state.random));
    }
    default:
      return policy satisfies never;
  }
}
