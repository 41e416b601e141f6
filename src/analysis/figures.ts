import { cost, count, duration } from "../text/format.js";

/** How a figure is counted. */
export type FigureUnit = "count" | "tokens" | "usd" | "ms";

/** A figure as people read it. @param decimals with how many a cost is told */
export function figureText(figure: number, unit: FigureUnit, decimals: number): string {
  if (unit === "usd") return cost(figure, decimals);
  return unit === "ms" ? duration(figure) : count(figure);
}

/** Sums of prices are off by what binary fractions are off; a billionth of a dollar is less than any token costs. */
export function exactFigure(figure: number, unit: FigureUnit): number {
  return unit === "usd" ? Math.round(figure * 1e9) / 1e9 : figure;
}
