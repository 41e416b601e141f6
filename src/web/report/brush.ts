import { panned, SHORTEST_MS, type Viewport } from "./viewport.js";

/** What of the overview's window is held: one of its edges, all of it, or nothing yet, where a new one is drawn. */
export type Grip = "from" | "to" | "window" | "new";

/** The shortest stretch that a hand can want, as a share of the whole. */
const SHORTEST = 0.002;

/**
 * The window while it is dragged.
 *
 * @param before what it was when it was taken
 * @param from the moment at which it was taken
 * @param at the moment that the pointer is at now
 */
export function brushed(before: Viewport, grip: Grip, from: number, at: number, whole: Viewport): Viewport {
  const length = whole.to - whole.from;
  if (grip === "window") return panned(before, (at - from) / (before.to - before.from), whole);
  const fixed = grip === "new" ? from : grip === "from" ? before.to : before.from;
  const moved = grip === "new" ? at : (grip === "from" ? before.from : before.to) + at - from;
  return between(fixed, moved, Math.max(SHORTEST_MS, length * SHORTEST), whole);
}

function between(one: number, other: number, least: number, whole: Viewport): Viewport {
  const inside = (at: number): number => Math.min(whole.to, Math.max(whole.from, at));
  const from = inside(Math.min(one, other));
  const to = inside(Math.max(one, other));
  if (to - from >= least) return { from, to };
  const start = Math.max(whole.from, Math.min(from, whole.to - least));
  return { from: start, to: Math.min(whole.to, start + least) };
}

/** What a key does with an edge of the window; null: nothing. */
export function edgeMoved(view: Viewport, edge: "from" | "to", key: string, whole: Viewport): Viewport | null {
  const length = whole.to - whole.from;
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -0.01,
    ArrowDown: -0.01,
    ArrowRight: 0.01,
    ArrowUp: 0.01,
    PageDown: -0.1,
    PageUp: 0.1,
    Home: -1,
    End: 1,
  };
  const step = steps[key];
  return step === undefined ? null : brushed(view, edge, 0, step * length, whole);
}
