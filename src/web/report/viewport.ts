/** The stretch of time that the waterfall shows, in ms since the trace's start. */
export interface Viewport {
  readonly from: number;
  readonly to: number;
}

/** Nothing that opencode records is shorter. */
export const SHORTEST_MS = 4;

/** All of a trace. */
export function wholeTrace(duration: number): Viewport {
  return { from: 0, to: Math.max(SHORTEST_MS, duration) };
}

/**
 * Zooms so that one moment stays where it is.
 *
 * @param factor below 1 shows less
 * @param at the moment, in ms
 */
export function zoomed(view: Viewport, factor: number, at: number, whole: Viewport): Viewport {
  const length = Math.min(whole.to - whole.from, Math.max(SHORTEST_MS, (view.to - view.from) * factor));
  const share = (at - view.from) / (view.to - view.from);
  return within({ from: at - share * length, to: at + (1 - share) * length }, whole);
}

/** @param share of what is shown; negative goes back */
export function panned(view: Viewport, share: number, whole: Viewport): Viewport {
  const by = (view.to - view.from) * share;
  return within({ from: view.from + by, to: view.to + by }, whole);
}

/** Shows a row with some room on both sides. */
export function fitted(row: { readonly start: number; readonly end: number }, whole: Viewport): Viewport {
  const length = Math.max(SHORTEST_MS, (row.end - row.start) * 1.3);
  const middle = (row.start + row.end) / 2;
  return within({ from: middle - length / 2, to: middle + length / 2 }, whole);
}

function within(view: Viewport, whole: Viewport): Viewport {
  const length = Math.min(view.to - view.from, whole.to - whole.from);
  const from = Math.min(Math.max(view.from, whole.from), whole.to - length);
  return { from, to: from + length };
}

/** Where a moment lies, in percent of the width. */
export function percentAt(view: Viewport, at: number): number {
  return ((at - view.from) / (view.to - view.from)) * 100;
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const LONG_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/** Round moments in what is shown, evenly spaced. */
export function ticks(view: Viewport, most: number): readonly number[] {
  const length = view.to - view.from;
  const steps = [...STEPS, ...LONG_STEPS.map((seconds) => seconds * 1000)];
  const step = steps.find((ms) => length / ms <= most) ?? Math.ceil(length / most);
  const first = Math.ceil(view.from / step) * step;
  const many = Math.max(0, Math.floor((view.to - first) / step) + 1);
  return Array.from({ length: many }, (_, index) => first + index * step);
}
