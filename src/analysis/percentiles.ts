/**
 * The p-th percentile by nearest rank: the smallest value that at least p per cent of all values do not exceed, so it
 * is always one of them. Of few values the high percentiles are the greatest.
 *
 * @param sortedValues ascending
 * @param p above 0, at most 100
 * @returns undefined where there are no values
 */
export function percentile(sortedValues: ArrayLike<number>, p: number): number | undefined {
  // Multiplied first: 7 / 100 * 100 is a little more than 7 in binary, and would be the eighth rank.
  const rank = Math.ceil((p * sortedValues.length) / 100 - 1e-9);
  return sortedValues[Math.max(rank, 1) - 1];
}
