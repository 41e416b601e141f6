import { chiSquaredQuantile, normalQuantile } from "./quantiles.js";

/** How much the differences of one measure scatter. */
export interface Scatter {
  /** Cases that have a difference. */
  readonly cases: number;
  /** Runs of each case and arm, the average. */
  readonly runs: number;
  /** The variance of the cases' differences, each the mean over its runs. */
  readonly betweenCases: number;
  /** The variance that a difference of two single runs of one case has; null where no case has two runs of an arm. */
  readonly withinCase: number | null;
}

/** How many cases, or how many runs of each, are enough. */
export interface Needed {
  /** Cases, with as many runs of each as now. */
  readonly cases: number;
  /** Runs of each case, with as many cases as now; null where runs alone cannot do it, or it is not known. */
  readonly runs: number | null;
}

const POWER = 0.8;

/**
 * How much has to be run to find an effect with a probability of 80 %.
 *
 * A variance that few values tell of may be larger than it looks: planned with it as it is, half of all experiments
 * would be too small. To promise something it is taken at the upper end of its one-sided interval (R. Browne, On the use
 * of a pilot sample for sample size determination, Statistics in Medicine 14, 1995).
 *
 * @param effect the least difference of the means that is to be found
 * @param critical how many standard errors a difference has to have to be called one
 * @param certainty of that interval, 0 to 1; without it the variance is taken as it is
 */
export function neededFor(
  { cases, runs, betweenCases, withinCase }: Scatter,
  effect: number,
  critical: number,
  certainty?: number,
): Needed {
  const freedom = Math.max(1, cases - 1);
  const atMost = certainty === undefined ? 1 : freedom / chiSquaredQuantile(1 - certainty, freedom);
  const perCase = (effect / (critical + normalQuantile(POWER))) ** 2;
  const neededCases = Math.ceil((betweenCases * atMost) / perCase);
  if (withinCase === null) return { cases: neededCases, runs: null };
  const ofCases = Math.max(0, betweenCases - withinCase / runs) * atMost;
  const room = cases * perCase - ofCases;
  return { cases: neededCases, runs: room > 0 ? Math.ceil((withinCase * atMost) / room) : null };
}
