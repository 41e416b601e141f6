import { mean, sampleVariance } from "simple-statistics";
import { chanceOf } from "../analysis/statistics/chance.js";
import { MEASURES, type MeasureName, SCALES } from "./measure-names.js";
import type { RunRecord } from "./measures.js";
import { mayBeOrder, type OrderEffect, orderEffect } from "./order-effect.js";
import { type Interval, meanInterval } from "./statistics/bootstrap.js";
import { type Needed, neededFor, type Scatter } from "./statistics/power.js";
import { normalQuantile } from "./statistics/quantiles.js";
import { signFlips } from "./statistics/sign-flips.js";
import { type SignTest, signTest } from "./statistics/sign-test.js";

/**
 * What is said of an arm's measure. `none`: a difference as large as the effect would most likely have been found, and
 * was not. `too-few`: nothing can be said yet. `order`: it cannot be told from what the order of the runs does.
 * `unknown`: no case has a value of both arms.
 */
export type Verdict = "better" | "worse" | "none" | "too-few" | "order" | "unknown";

/** One measure of an arm against the base's. */
export interface MeasureComparison {
  /** Which. */
  readonly measure: MeasureName;
  /** What can be said of it. */
  readonly verdict: Verdict;
  /** Cases that have a value of both arms. */
  readonly cases: number;
  /** The mean a run, of those cases: pass 0 to 1, cost USD, times ms; null without such cases. */
  readonly base: number | null;
  /** The same of the arm. */
  readonly arm: number | null;
  /** `points`: by how much the mean differs; `ratio`: how much more it is, -0.15 is 15 % less. */
  readonly change: number | null;
  /** The 95 % interval of `change`. */
  readonly interval: Interval | null;
  /** In how many cases the arm has more, and less. */
  readonly signTest: SignTest;
  /** How likely equal arms show so clear a difference in any measure; see the page on experiments. */
  readonly p: number;
  /** What would be enough to find the effect with a probability of 80 %; null where nothing tells. */
  readonly needed: Needed | null;
  /** What is missing to that: cases with as many runs as now, or runs of each case; null where nothing is. */
  readonly missing: { readonly cases: number; readonly runs: number | null } | null;
  /** What a reader of the verdict has to know. */
  readonly notes: readonly string[];
}

/** An arm against the base. */
export interface ArmComparison {
  /** The arm's name. */
  readonly arm: string;
  /** Measure by measure. */
  readonly comparisons: readonly MeasureComparison[];
  /** What the order of the runs did. */
  readonly order: OrderEffect;
}

export interface CompareOptions {
  readonly base: string;
  readonly arms: readonly string[];
  /** Those that are tested; each makes it harder for the others. */
  readonly measures?: readonly MeasureName[] | undefined;
  /** The least difference that is to be found: 0.15 is 15 %, of the pass rate 15 points. */
  readonly effect: number;
  readonly seed: string;
  /** For simulations, which need no fine percentiles. @internal */
  readonly samples?: number | undefined;
}

/** A bit below the 5 % that are promised: a look at too few runs, see below, is one more occasion to be wrong. */
const LEVEL = 0.04;
/** Before there are enough runs only what is as clear as this is told: looking early would else find too much. */
const EARLY_LEVEL = 0.001;

/** With fewer cases no arrangement of signs is rare enough. @param arms how many are compared with the base */
function fewestCases(arms: number): number {
  return Math.ceil(1 + Math.log2(arms / LEVEL));
}

/**
 * How sure it is to be that as much as is said to be missing is enough. Amounts have a few runs that go astray, which a
 * small experiment may have none of; that passes are not as alike as they look is accounted for in their scatter.
 */
const CERTAINTY = { ratio: 0.975, points: 0.8 } as const;

/** Compares each arm with the base, case by case. */
export function compareArms(records: readonly RunRecord[], options: CompareOptions): readonly ArmComparison[] {
  const others = options.arms.filter((arm) => arm !== options.base);
  return others.map((arm) => compareArm(records, arm, others.length, options));
}

function compareArm(
  records: readonly RunRecord[],
  arm: string,
  arms: number,
  { base, measures = MEASURES, effect, seed, samples = 4000 }: CompareOptions,
): ArmComparison {
  const cases = [...new Set(records.map((one) => one.case))];
  const ofArm = byCase(records.filter((one) => one.arm === arm));
  const ofBase = byCase(records.filter((one) => one.arm === base));
  const order = orderEffect(records, { base, arm }, chanceOf(seed, arm, "order"));
  const prepared = measures.map((measure) => differencesOf(measure, cases, ofBase, ofArm));
  const flips = signFlips(
    prepared.map(({ differences }) => differences),
    chanceOf(seed, arm, "signs"),
    { flips: samples, level: LEVEL / arms },
  );
  const fewest = fewestCases(arms);
  const critical = Math.max(flips.critical, normalQuantile(1 - LEVEL / arms / 2));
  const comparisons = prepared.map((one, index): MeasureComparison => {
    const { measure, known, scatter, baseMean, armMean } = one;
    const scale = SCALES[measure];
    const told = (value: number): number => (scale === "ratio" ? Math.exp(value) - 1 : value);
    // Bonferroni's way for several arms: what they have in common is the base alone.
    const p = Math.min(1, (flips.tested[index]?.p ?? 1) * arms);
    const average = known.length === 0 ? null : mean(known);
    const bounds = meanInterval(known, chanceOf(seed, arm, measure), { samples });
    const least = scale === "ratio" ? Math.log(1 + effect) : effect;
    // What so few cases tell of their scatter is worth no promise.
    const isTold = scatter !== null && known.length >= fewest;
    const needed = isTold ? atLeast(neededFor(scatter, least, critical, CERTAINTY[scale]), fewest) : null;
    const found = average !== null && bounds !== null && (bounds.low > 0 || bounds.high < 0);
    const sums = baseMean === null || armMean === null ? 0 : differenceOf(scale, baseMean, armMean);
    const isContrary = average !== null && sums * average < 0;
    // The sum of a few large cases scatters more than the mean of many: a hint of it is none yet.
    const isMixed = isContrary && Math.abs(sums) > least / 2;
    const isEnough = scatter !== null && neededFor(scatter, least, critical).cases <= known.length;
    const bias = order.effects[measure];
    const isOrder = found && bias !== undefined && mayBeOrder(bias, average ?? 0);
    const verdict = ((): Verdict => {
      if (average === null) return "unknown";
      if (!isTold) return "too-few";
      if (isOrder) return "order";
      if (found && !isMixed && p <= (isEnough ? LEVEL : EARLY_LEVEL)) {
        return average < 0 === (measure !== "pass") ? "better" : "worse";
      }
      return isEnough ? "none" : "too-few";
    })();
    return {
      measure,
      verdict,
      cases: known.length,
      base: baseMean,
      arm: armMean,
      change: average === null ? null : told(average),
      interval: bounds === null ? null : { low: told(bounds.low), high: told(bounds.high) },
      signTest: signTest(known),
      p,
      needed,
      missing: verdict === "too-few" ? missingOf(scatter, needed, known.length, fewest) : null,
      notes: !found || !isContrary ? [] : [isMixed ? MIXED : CONTRARY],
    };
  });
  return { arm, comparisons, order };
}

const CONTRARY = "of all cases together it is the other way round, by little: a few of them weigh more than the others";
const MIXED = "of all cases together it is the other way round: a few of them decide the sum, so nothing is said";

/** On the scale on which cases are compared. */
function differenceOf(scale: "points" | "ratio", base: number, arm: number): number {
  return scale === "ratio" ? Math.log(arm / base) : arm - base;
}

interface Differences {
  readonly measure: MeasureName;
  /** By case, in the order of the cases; null where one of the arms has no value. */
  readonly differences: readonly (number | null)[];
  readonly known: readonly number[];
  readonly scatter: Scatter | null;
  readonly baseMean: number | null;
  readonly armMean: number | null;
}

type ByCase = ReadonlyMap<string, readonly RunRecord[]>;

function differencesOf(measure: MeasureName, cases: readonly string[], ofBase: ByCase, ofArm: ByCase): Differences {
  const isRatio = SCALES[measure] === "ratio";
  const valuesOf = (runs: readonly RunRecord[] = []): readonly number[] =>
    runs.flatMap(({ values }) => values[measure] ?? []);
  const pairs = cases.map((name) => ({ base: valuesOf(ofBase.get(name)), arm: valuesOf(ofArm.get(name)) }));
  const scaled = (values: readonly number[]): readonly number[] => (isRatio ? values.map(Math.log) : values);
  const differences = pairs.map(({ base, arm }) =>
    base.length === 0 || arm.length === 0 ? null : mean([...scaled(arm)]) - mean([...scaled(base)]),
  );
  const known = differences.filter((value) => value !== null);
  const paired = pairs.filter(({ base, arm }) => base.length > 0 && arm.length > 0);
  const meanOf = (of: (pair: (typeof pairs)[number]) => readonly number[]): number | null =>
    paired.length === 0 ? null : mean(paired.map((pair) => mean([...of(pair)])));
  return {
    measure,
    differences,
    known,
    scatter: scatterOf(
      known,
      paired.flatMap(({ base, arm }) => [scaled(base), scaled(arm)]),
      isRatio,
    ),
    baseMean: meanOf(({ base }) => base),
    armMean: meanOf(({ arm }) => arm),
  };
}

/** @param groups the runs of each case and arm */
function scatterOf(known: readonly number[], groups: readonly (readonly number[])[], isRatio: boolean): Scatter | null {
  const cases = known.length;
  if (cases < 2) return null;
  const runs = groups.reduce((sum, { length }) => sum + length, 0) / groups.length;
  const repeated = groups.filter(({ length }) => length > 1);
  const freedom = repeated.reduce((sum, { length }) => sum + length - 1, 0);
  const squares = repeated.reduce((sum, group) => sum + sampleVariance([...group]) * (group.length - 1), 0);
  const withinCase = freedom === 0 ? null : (2 * squares) / freedom;
  if (isRatio) return { cases, runs, betweenCases: sampleVariance([...known]), withinCase };
  // Where hardly a case differs the variance seen is close to nothing, and would promise too much: one more case each
  // way is taken to (A. Agresti and Y. Min, Simple improved confidence intervals for comparing matched proportions,
  // Statistics in Medicine 24, 2005).
  const one = 1 / Math.sqrt(runs);
  return {
    cases,
    runs,
    betweenCases: sampleVariance([...known, one, -one]),
    withinCase: withinCase === null ? null : Math.max(withinCase, (2 * one * one * runs) / (cases + 2)),
  };
}

function atLeast({ cases, runs }: Needed, fewest: number): Needed {
  return { cases: Math.max(fewest, cases), runs };
}

function missingOf(
  scatter: Scatter | null,
  needed: Needed | null,
  known: number,
  fewest: number,
): MeasureComparison["missing"] {
  if (scatter === null || needed === null) return { cases: Math.max(1, fewest - known), runs: null };
  const runs = needed.runs === null ? null : Math.max(1, Math.ceil(needed.runs - scatter.runs));
  return { cases: Math.max(1, needed.cases - known), runs };
}

function byCase(records: readonly RunRecord[]): ByCase {
  const groups = new Map<string, RunRecord[]>();
  for (const record of records) {
    const group = groups.get(record.case);
    if (group) group.push(record);
    else groups.set(record.case, [record]);
  }
  return groups;
}
