/** What is compared, in the order in which it is told. */
export const MEASURES = ["pass", "cost", "tokens", "steps", "time", "toolP90"] as const;
/** One of the measures by which arms are compared. */
export type MeasureName = (typeof MEASURES)[number];

/**
 * How a measure is compared. `points`: 0 or 1 a run, by the difference of the means. `ratio`: amounts above 0 that are
 * skewed, by the mean of the differences of their logarithms, which is how many times as much it typically is.
 */
export const SCALES: Readonly<Record<MeasureName, "points" | "ratio">> = {
  pass: "points",
  cost: "ratio",
  tokens: "ratio",
  steps: "ratio",
  time: "ratio",
  toolP90: "ratio",
};
