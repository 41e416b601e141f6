import type { Loop } from "./model.js";
import { subagentsOfLoop } from "./totals.js";

/**
 * How far a turn has come with all subagents in it: rises with every step that begins, and with every one that ends.
 */
export function extentOf(loop: Loop): number {
  const own = loop.steps.reduce((sum, { outcome }) => sum + (outcome === "unfinished" ? 1 : 2), 0);
  return subagentsOfLoop(loop).reduce((sum, below) => sum + extentOf(below), own);
}

/** The last moment of a turn with all subagents in it, which may outlive it; ms since the epoch. */
export function lastMomentOfLoop(loop: Loop): number {
  return subagentsOfLoop(loop).reduce((last, below) => Math.max(last, lastMomentOfLoop(below)), loop.end);
}

/** Whether a subagent of a turn looks as if it was at work, whatever the turn itself looks like. */
export function subagentsAtWork(loop: Loop): boolean {
  return subagentsOfLoop(loop).some((below) => below.outcome === "unfinished" || subagentsAtWork(below));
}
