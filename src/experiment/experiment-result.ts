import { mean } from "simple-statistics";
import type { TaskResult } from "../batch/task-result.js";
import type { ErrorCode } from "../errors/error-facts.js";
import type { Arm } from "./arm.js";
import type { ArmSettings } from "./arm-settings.js";
import { type ArmComparison, compareArms } from "./compare.js";
import { MEASURES, type MeasureName } from "./measure-names.js";
import { isVoid, recordOf } from "./measures.js";
import type { PlannedRun } from "./plan.js";
import { verifyWarning } from "./verify-warning.js";

/** How an arm did, whatever the others did. */
export interface ArmSummary {
  /** What it is called. */
  readonly name: string;
  /** How opencode worked in it. */
  readonly settings: ArmSettings;
  /** Its runs that count. */
  readonly counted: number;
  /** Runs without a result. */
  readonly missing: number;
  /** Runs that came to nothing for a reason that is not the arm's, by the code of their error. */
  readonly void: Readonly<Partial<Record<ErrorCode, number>>>;
  /** The mean of its runs that have a value: pass 0 to 1, cost USD, times ms; null without one. */
  readonly values: Readonly<Record<MeasureName, number | null>>;
}

/** What an experiment came to. Costs are USD, times ms; plain data, as `--json` prints it. */
export interface ExperimentResult {
  /** What the experiment is called. */
  readonly name: string;
  /** The arm that the others are compared with. */
  readonly base: string;
  /** By what the order of the runs was drawn, and all that chance decides in the statistics. */
  readonly seed: string;
  /** The least difference that was to be found: 0.15 is 15 %, of the pass rate 15 points. */
  readonly effect: number;
  /** How many cases every arm was to work on. */
  readonly cases: number;
  /** Runs of each case by each arm. */
  readonly runs: number;
  /** Each of them, the base too. */
  readonly arms: readonly ArmSummary[];
  /** Each arm but the base. */
  readonly comparisons: readonly ArmComparison[];
  /** What speaks against taking the figures as they are. */
  readonly warnings: readonly string[];
}

/** What was compared, and what was looked for. */
export interface ExperimentOptions {
  /** What the experiment is called. */
  readonly name: string;
  /** The arm that the others are compared with. */
  readonly base: string;
  /** By what all is drawn that chance decides in the statistics. */
  readonly seed: string;
  /** Runs of each case by each arm. */
  readonly runs: number;
  /** The least difference that is to be found: 0.15 is 15 %, of the pass rate 15 points. */
  readonly effect: number;
  /** Those that are compared; default all. Each makes it harder for the others. */
  readonly measures?: readonly MeasureName[] | undefined;
}

/**
 * Compares what is recorded of an experiment's runs.
 *
 * @param results by the ids of the runs' tasks; of other tasks too
 */
export function experimentResult(
  plan: readonly PlannedRun[],
  arms: readonly Arm[],
  results: ReadonlyMap<string, TaskResult>,
  options: ExperimentOptions,
): ExperimentResult {
  const found = plan.map((one) => ({ ...one, result: results.get(one.task.id) }));
  const counting = found.flatMap(({ result }) => (result && !isVoid(result) ? [result] : []));
  const records = found.flatMap(({ result, case: name, arm, run }) => {
    const record = result && recordOf(result, { case: name, arm, run });
    return record ? [record] : [];
  });
  const summaries = arms.map(({ name, settings }): ArmSummary => {
    const own = found.filter(({ arm }) => arm === name);
    const voids = own.flatMap(({ result }) => (result && isVoid(result) && result.error ? [result.error.code] : []));
    const counted = records.filter(({ arm }) => arm === name);
    const meanOf = (measure: MeasureName): number | null => {
      const values = counted.flatMap(({ values }) => values[measure] ?? []);
      return values.length === 0 ? null : mean(values);
    };
    return {
      name,
      settings,
      counted: counted.length,
      missing: own.filter(({ result }) => result === undefined).length,
      void: Object.fromEntries(voids.map((code) => [code, voids.filter((one) => one === code).length])),
      values: {
        pass: meanOf("pass"),
        cost: meanOf("cost"),
        tokens: meanOf("tokens"),
        steps: meanOf("steps"),
        time: meanOf("time"),
        toolP90: meanOf("toolP90"),
      },
    };
  });
  const { base, seed, effect, measures = MEASURES, name, runs } = options;
  const comparisons = compareArms(records, { base, arms: arms.map((arm) => arm.name), seed, effect, measures });
  return {
    ...{ name, base, seed, effect, runs },
    cases: new Set(plan.map((one) => one.case)).size,
    arms: summaries,
    comparisons,
    warnings: [
      ...verifyWarning(counting),
      ...lostRuns(summaries),
      ...comparisons.flatMap((one) => orderWarnings(one, base)),
    ],
  };
}

function lostRuns(arms: readonly ArmSummary[]): readonly string[] {
  return arms.flatMap(({ name, missing, void: voids }) => {
    const lost = Object.entries(voids).map(([code, runs]) => `${runs} ${code}`);
    const left = missing > 0 ? [`${missing} not run yet`] : [];
    if (lost.length + left.length === 0) return [];
    return [`${name} lacks runs: ${[...lost, ...left].join(", ")}; the same command does them`];
  });
}

/** So much more of a first prompt out of the cache is worth a word. */
const CACHE_SHARE = 0.2;

function orderWarnings({ arm, order, comparisons }: ArmComparison, base: string): readonly string[] {
  const { effects, pairs, armSecond, cachedAtFirst } = order;
  const shown = (["cost", "tokens", "time"] as const).flatMap((measure) => {
    const effect = effects[measure];
    const isCompared = comparisons.some((one) => one.measure === measure);
    return isCompared && effect?.isShown ? [laterRunText(measure, effect.change)] : [];
  });
  const isConfused = comparisons.some(({ verdict }) => verdict === "order");
  const balance = `${arm} came second in ${armSecond} of ${pairs} pairs`;
  const confused = `${balance}, so that what is marked "order" cannot be told from what the order of the runs does`;
  const { base: ofBase, arm: ofArm } = cachedAtFirst;
  return [
    ...(shown.length > 0
      ? [
          `the order matters: than the earlier run of a pair, the later one ${shown.join(", ")}. ${
            isConfused ? confused : `${balance}, which evens it out`
          }`,
        ]
      : isConfused
        ? [confused]
        : []),
    ...(ofBase !== null && ofArm !== null && Math.abs(ofArm - ofBase) >= CACHE_SHARE
      ? [
          `the cache was not the same: of the first prompt ${share(ofArm)} came from it in ${arm}, ${share(ofBase)} in ${base}; a part of the difference in cost may be that`,
        ]
      : []),
  ];
}

/** `takes 23 % less time`: a run against the one of its pair before it. @param change -0.23 is 23 % less */
function laterRunText(measure: "cost" | "tokens" | "time", change: number): string {
  const percent = `${Math.abs(100 * change).toFixed(0)} %`;
  switch (measure) {
    case "cost":
      return `costs ${percent} ${change < 0 ? "less" : "more"}`;
    case "tokens":
      return `takes ${percent} ${change < 0 ? "fewer" : "more"} tokens`;
    case "time":
      return `takes ${percent} ${change < 0 ? "less" : "more"} time`;
    default:
      return measure satisfies never;
  }
}

function share(value: number): string {
  return `${Math.round(100 * value)} %`;
}
