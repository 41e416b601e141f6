import { cumulativeStdNormalProbability, quantileSorted } from "simple-statistics";
import type { Chance } from "../../analysis/statistics/chance.js";
import { studentQuantile } from "./quantiles.js";

/** An interval that covers the true value so often as its level says. */
export interface Interval {
  /** Its lower end. */
  readonly low: number;
  /** Its upper end. */
  readonly high: number;
}

/**
 * The interval of a mean by the bootstrap: of many samples that are drawn from the values with replacement, the means in
 * the middle. With percentiles alone it would be too narrow for few values; they are moved outwards as far as Student's
 * t is wider than the normal distribution, and the variance of a sample smaller than that of what it is drawn from
 * (the expanded percentile interval of T. Hesterberg, What Teachers Should Know About the Bootstrap, The American
 * Statistician 69/4, 2015).
 *
 * @param values one for each case: cases are what is drawn, since runs of one case are alike
 * @param level 0.95, say
 * @returns null for less than two values
 */
export function meanInterval(
  values: readonly number[],
  chance: Chance,
  { level = 0.95, samples = 4000 }: { readonly level?: number; readonly samples?: number } = {},
): Interval | null {
  const n = values.length;
  if (n < 2) return null;
  const drawnFrom = Float64Array.from(values);
  const means = new Float64Array(samples);
  for (let sample = 0; sample < samples; sample += 1) {
    let sum = 0;
    for (let drawn = 0; drawn < n; drawn += 1) sum += drawnFrom[chance.below(n)] ?? 0;
    means[sample] = sum / n;
  }
  means.sort();
  const expanded = studentQuantile((1 + level) / 2, n - 1) * Math.sqrt(n / (n - 1));
  const outside = 1 - normalProbability(expanded);
  const sorted = Array.from(means);
  return { low: quantileSorted(sorted, outside), high: quantileSorted(sorted, 1 - outside) };
}

/** Of the library's table, with a value between two of its entries where one lies there. */
function normalProbability(z: number): number {
  const below = Math.floor(z * 100) / 100;
  const [low, high] = [cumulativeStdNormalProbability(below), cumulativeStdNormalProbability(below + 0.01)];
  return low + (high - low) * (z - below) * 100;
}
