import type { TokenParts, TokenPoint } from "../data/report-data.js";

/** The parts from the bottom of a stack to its top. */
export const PARTS = ["cached", "fresh", "output", "reasoning"] as const;

export type Part = (typeof PARTS)[number];

/** What each call used, or what all calls until then used together. */
export type Accumulation = "calls" | "sums";

/**
 * Stacked bars as uPlot wants them: the x values, then the tops of the stacks' parts, the highest first, since what is
 * drawn later covers what is below it.
 */
export function stacked(calls: readonly TokenPoint[], of: Accumulation): [number[], ...number[][]] {
  const parts = calls.map((call): TokenParts => (of === "sums" ? call.sum : call));
  const tops = PARTS.map((_, index) =>
    parts.map((one) => PARTS.slice(0, index + 1).reduce((sum, part) => sum + one[part], 0)),
  );
  return [calls.map((_, index) => index), ...tops.reverse()];
}
