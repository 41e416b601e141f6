import { binomialDistribution } from "simple-statistics";

/** How often values lie above and below zero, and how likely a split at least as uneven is by chance alone. */
export interface SignTest {
  /** Values above zero. */
  readonly above: number;
  /** Values below zero. */
  readonly below: number;
  /** Two-sided; 1 where no value differs from zero. */
  readonly p: number;
}

/** The sign test: values that are zero say nothing. */
export function signTest(values: readonly number[]): SignTest {
  const above = values.filter((value) => value > 0).length;
  const below = values.filter((value) => value < 0).length;
  const chances = above + below === 0 ? undefined : binomialDistribution(above + below, 0.5);
  const tail = (chances ?? []).slice(0, Math.min(above, below) + 1).reduce((sum, one) => sum + one, 0);
  return { above, below, p: chances === undefined ? 1 : Math.min(1, 2 * tail) };
}
