/** A stretch of time, ms since the epoch. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/**
 * How long the stretches are together within some bounds; overlaps count once. In ms.
 */
export function covered(intervals: readonly Interval[], bounds: Interval): number {
  let sum = 0;
  let reached = bounds.start;
  for (const { start, end } of ascending(intervals)) {
    const from = Math.max(start, reached);
    const to = Math.min(end, bounds.end);
    if (to <= from) continue;
    sum += to - from;
    reached = to;
  }
  return sum;
}

/** By their start; what is in order already is handed back as it is. */
function ascending(intervals: readonly Interval[]): readonly Interval[] {
  const inOrder = intervals.every(({ start }, index) => start >= (intervals[index - 1]?.start ?? start));
  return inOrder ? intervals : [...intervals].sort((a, b) => a.start - b.start);
}
