import type { Interval } from "../opencode/model.js";

/**
 * How long the stretches are together within some bounds; overlaps count once. In ms.
 */
export function covered(intervals: readonly Interval[], bounds: Interval): number {
  // By its place: a pattern asks an iterator for it, and this is done some times for each step.
  const first = intervals[0];
  if (!first) return 0;
  if (intervals.length === 1) return overlap(first.start, first.end, bounds);
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

/** How much of a stretch lies within some bounds; ms. */
export function overlap(start: number, end: number, bounds: Interval): number {
  return Math.max(0, Math.min(end, bounds.end) - Math.max(start, bounds.start));
}

/**
 * What remains of some stretches when others are cut out of them, each for itself: two that overlap still do. Ascending
 * within each of them.
 */
export function without(intervals: readonly Interval[], holes: readonly Interval[]): readonly Interval[] {
  if (holes.length === 0) return intervals;
  const cuts = ascending(holes);
  return intervals.flatMap(({ start, end }) => {
    const left: Interval[] = [];
    let reached = start;
    for (const cut of cuts) {
      if (cut.end <= reached) continue;
      if (cut.start >= end) break;
      if (cut.start > reached) left.push({ start: reached, end: cut.start });
      reached = cut.end;
    }
    if (reached < end) left.push({ start: reached, end });
    return left;
  });
}

/**
 * The same time without overlaps, ascending; stretches without any are left out.
 *
 * @returns where each begins and ends, one after the other: a long turn has tens of thousands
 */
export function united(intervals: readonly Interval[]): readonly number[] {
  const bounds: number[] = [];
  let until = Number.NEGATIVE_INFINITY;
  for (const { start, end } of ascending(intervals)) {
    if (!(end > start)) continue;
    if (bounds.length === 0 || start > until) bounds.push(start, end);
    else if (end > until) bounds[bounds.length - 1] = end;
    else continue;
    until = end;
  }
  return bounds;
}

/** By their start; what is in order already is handed back as it is. */
function ascending(intervals: readonly Interval[]): readonly Interval[] {
  let before = Number.NEGATIVE_INFINITY;
  for (const { start } of intervals) {
    if (start < before) return sorted(intervals);
    before = start;
  }
  return intervals;
}

/** Of so many the engine's own way takes longer than to put each in its place: tools that run side by side are few. */
const FEW = 8;

function sorted(intervals: readonly Interval[]): readonly Interval[] {
  const all = intervals.slice();
  if (all.length > FEW) return all.sort((a, b) => a.start - b.start);
  for (let index = 1; index < intervals.length; index += 1) {
    const one = intervals[index];
    if (!one) continue;
    let at = index;
    for (let before = all[at - 1]; before && before.start > one.start; before = all[at - 1]) {
      all[at] = before;
      at -= 1;
    }
    all[at] = one;
  }
  return all;
}
