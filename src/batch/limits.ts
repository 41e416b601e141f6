/** What a whole batch may come to before nothing more is started. */
export interface BatchLimits {
  /** USD, as far as opencode knows prices; what was recorded of the batch earlier counts too. */
  readonly maxCost?: number | undefined;
  /** All tokens, cached ones included; what was recorded of the batch earlier counts too. */
  readonly maxTokens?: number | undefined;
  /** Tasks that failed. */
  readonly maxErrors?: number | undefined;
  /** ms. */
  readonly maxDurationMs?: number | undefined;
}

/** What a batch has come to: USD, tokens, tasks that failed, ms. */
export interface BatchSpent {
  readonly cost: number;
  readonly tokens: number;
  readonly errors: number;
  readonly durationMs: number;
}

/** Which limit ends a batch; null while it keeps to all. */
export function limitReached(
  { maxCost, maxTokens, maxErrors, maxDurationMs }: BatchLimits,
  spent: BatchSpent,
): "max-cost" | "max-tokens" | "max-errors" | "max-duration" | null {
  if (spent.cost >= (maxCost ?? Number.POSITIVE_INFINITY)) return "max-cost";
  if (spent.tokens >= (maxTokens ?? Number.POSITIVE_INFINITY)) return "max-tokens";
  if (spent.errors >= (maxErrors ?? Number.POSITIVE_INFINITY)) return "max-errors";
  return spent.durationMs >= (maxDurationMs ?? Number.POSITIVE_INFINITY) ? "max-duration" : null;
}
