import { cost, count, duration, plural } from "../text/format.js";
import type { MeasureComparison, Verdict } from "./compare.js";
import type { ExperimentResult } from "./experiment-result.js";
import { type MeasureName, SCALES } from "./measure-names.js";

/** What a measure is called. */
export const MEASURE_NAMES: Readonly<Record<MeasureName, string>> = {
  pass: "pass",
  cost: "cost",
  tokens: "tokens",
  steps: "steps",
  time: "time",
  toolP90: "tool p90",
};

/** What a verdict is called. */
export const VERDICT_NAMES: Readonly<Record<Verdict, string>> = {
  better: "better",
  worse: "worse",
  none: "no difference shown",
  "too-few": "too few",
  order: "order",
  unknown: "unknown",
};

export function valueText(measure: MeasureName, value: number | null): string {
  if (value === null) return "–";
  switch (measure) {
    case "pass":
      return `${(100 * value).toFixed(0)} %`;
    case "cost":
      return cost(value);
    case "tokens":
      return count(value);
    case "steps":
      return value.toFixed(1);
    case "time":
    case "toolP90":
      return duration(value);
    default:
      return measure satisfies never;
  }
}

/** `-14.8 %`, or `+3 pts` of a pass rate. */
export function changeText({ measure, change }: Pick<MeasureComparison, "measure" | "change">): string {
  return change === null ? "–" : `${signed(change, measure)} ${unitOf(measure)}`;
}

export function intervalText({ measure, interval }: Pick<MeasureComparison, "measure" | "interval">): string {
  if (interval === null) return "–";
  return `${signed(interval.low, measure)} … ${signed(interval.high, measure)} ${unitOf(measure)}`;
}

/** In how many cases the arm has less, and more. */
export function signsText({ signTest: { above, below } }: Pick<MeasureComparison, "signTest">): string {
  return `${below}/${above}`;
}

export function signTestText({ signTest: { above, below, p } }: Pick<MeasureComparison, "signTest">): string {
  return `less in ${below}, more in ${above} (p ${probability(p)})`;
}

export function probability(p: number): string {
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

/** What has to be run for a verdict: `12 more cases, or 3 more runs of each`. */
export function missingText({ missing }: Pick<MeasureComparison, "missing">): string {
  if (missing === null) return "";
  const cases = plural(missing.cases, "more case");
  return missing.runs === null ? cases : `${cases}, or ${plural(missing.runs, "more run")} of each`;
}

/** What stands below the table of an arm: what is missing, and what has to be known. What holds for several is said once. */
export function remarksOf(
  comparisons: readonly MeasureComparison[],
): readonly { readonly of: readonly string[]; readonly text: string }[] {
  const byText = new Map<string, string[]>();
  for (const one of comparisons) {
    const missing =
      one.missing === null ? [] : [`too few for a verdict: ${missingText(one)} ${isOrAre(one.missing)} missing`];
    for (const text of [...missing, ...one.notes])
      byText.set(text, [...(byText.get(text) ?? []), MEASURE_NAMES[one.measure]]);
  }
  return [...byText].map(([text, of]) => ({ of, text }));
}

function isOrAre({ cases, runs }: NonNullable<MeasureComparison["missing"]>): string {
  return cases === 1 && (runs === null || runs === 1) ? "is" : "are";
}

/** `30 cases × 2 runs × 2 arms`. */
export function sizeText({ cases, runs, arms }: Pick<ExperimentResult, "cases" | "runs" | "arms">): string {
  return `${plural(cases, "case")} × ${plural(runs, "run")} × ${plural(arms.length, "arm")}`;
}

function signed(value: number, measure: MeasureName): string {
  const hundred = 100 * value;
  const text = Math.abs(hundred).toFixed(SCALES[measure] === "points" || Math.abs(hundred) >= 99.95 ? 0 : 1);
  return `${hundred < 0 && Number(text) !== 0 ? "-" : "+"}${text}`;
}

function unitOf(measure: MeasureName): string {
  return SCALES[measure] === "points" ? "pts" : "%";
}
