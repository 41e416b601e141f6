import type { ExperimentResult } from "./experiment-result.js";

/** What ends an experiment with an exit code that says so. */
export const FAIL_ON = ["worse", "undecided", "not-better", "nothing"] as const;
export type FailOn = (typeof FAIL_ON)[number];

/** Whether a result is one that the caller wants to hear of. */
export function isFailure({ comparisons }: Pick<ExperimentResult, "comparisons">, failOn: FailOn): boolean {
  const verdicts = comparisons.map((one) => one.comparisons.map(({ verdict }) => verdict));
  const isWorse = verdicts.some((all) => all.includes("worse"));
  switch (failOn) {
    case "nothing":
      return false;
    case "worse":
      return isWorse;
    case "undecided":
      return isWorse || verdicts.flat().some((one) => one === "too-few" || one === "order" || one === "unknown");
    case "not-better":
      return isWorse || verdicts.some((all) => !all.includes("better"));
    default:
      return failOn satisfies never;
  }
}
