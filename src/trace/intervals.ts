/** A stretch of time, ms since the epoch. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** The same stretches, ascending, with overlapping and touching ones joined and empty ones left out. */
export function union(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of sorted) {
    const last = joined.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}

/** The parts of `bounds` that the stretches cover. */
export function clip(intervals: readonly Interval[], bounds: Interval): Interval[] {
  return intervals.map(({ start, end }) => ({
    start: Math.max(start, bounds.start),
    end: Math.min(end, bounds.end),
  }));
}

/** How long the stretches are together; overlaps count once. In ms. */
export function covered(intervals: readonly Interval[]): number {
  const [only] = intervals;
  if (intervals.length < 2) return only ? Math.max(0, only.end - only.start) : 0;
  return union(intervals).reduce((sum, { start, end }) => sum + (end - start), 0);
}
