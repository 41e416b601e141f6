const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

/** How long a destination in trouble is left in peace by all requests together: longer from failure to failure. */
export interface Backoff {
  /** Nothing is sent before, in ms since the epoch. */
  readonly untilMs: number;
  /** Failures in a row. */
  readonly failures: number;
  /** Counts the failures: requests that went out in the same round fail together, and that is one failure. */
  readonly round: number;
}

export const NO_BACKOFF: Backoff = { untilMs: Number.NEGATIVE_INFINITY, failures: 0, round: 0 };

/** The destination answered. */
export function succeeded(backoff: Backoff): Backoff {
  return backoff.failures === 0 ? backoff : { ...backoff, failures: 0 };
}

/**
 * It did not.
 *
 * @param round in which the request went out
 * @param retryAfterMs what the destination asked for itself, if it did
 * @param random spreads the waits of many senders; 0 ≤ x < 1
 */
export function failed(
  backoff: Backoff,
  round: number,
  retryAfterMs: number | undefined,
  now: number,
  random: number,
): Backoff {
  let { failures } = backoff;
  let untilMs = Math.max(backoff.untilMs, now + (retryAfterMs ?? 0));
  if (round === backoff.round) {
    failures += 1;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
    untilMs = Math.max(untilMs, now + wait * (0.5 + random / 2));
  }
  return { untilMs, failures, round: backoff.round + (round === backoff.round ? 1 : 0) };
}
