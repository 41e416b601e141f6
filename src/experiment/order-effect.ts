import { mean } from "simple-statistics";
import type { Chance } from "../analysis/statistics/chance.js";
import { MEASURES, type MeasureName, SCALES } from "./measure-names.js";
import type { RunRecord } from "./measures.js";
import { type Interval, meanInterval } from "./statistics/bootstrap.js";

/** What it does to a measure that a run comes after the other arm's of the same case. */
export interface LaterRun {
  /** `points` or `ratio`, as in a comparison: -0.2 is 20 % less for the later run. */
  readonly change: number;
  /** Its 99 % interval. */
  readonly interval: Interval | null;
  /** The interval does not hold zero, and is of enough cases to be believed: the order matters. */
  readonly isShown: boolean;
  /** What it adds to the arm's difference where the arm was not as often first as second: on the scale of `change`. */
  readonly bias: number;
}

/** Whether the order of the runs, or what the provider had cached, may stand behind a difference. */
export interface OrderEffect {
  /** Pairs of runs of which it is known which came first. */
  readonly pairs: number;
  /** In how many of them the arm's came second. */
  readonly armSecond: number;
  /** By measure; without those that no pair has. */
  readonly effects: Readonly<Partial<Record<MeasureName, LaterRun>>>;
  /** How much of the first call's prompt came from the provider's cache, 0 to 1: the mean, where it is known. */
  readonly cachedAtFirst: { readonly base: number | null; readonly arm: number | null };
}

const LEVEL = 0.99;
/** With fewer cases no arrangement of signs is as rare as the level asks for: an interval of two is a guess. */
const FEWEST_CASES = Math.ceil(1 + Math.log2(1 / (1 - LEVEL)));

/**
 * What the order did, by the pairs of an arm's and the base's run of the same number. Chance has said which comes first,
 * half of the time each, so the order can widen an interval but favours none; here that is looked at rather than
 * believed.
 */
export function orderEffect(
  records: readonly RunRecord[],
  { base, arm }: { readonly base: string; readonly arm: string },
  chance: Chance,
): OrderEffect {
  const pairs = pairsOf(records, base, arm);
  const armSecond = pairs.filter(({ sign }) => sign > 0).length;
  const lean = pairs.length === 0 ? 0 : (2 * armSecond - pairs.length) / pairs.length;
  const effects = MEASURES.flatMap((measure): [MeasureName, LaterRun][] => {
    const isRatio = SCALES[measure] === "ratio";
    const scaled = (value: number): number => (isRatio ? Math.log(value) : value);
    const byCase = new Map<string, number[]>();
    for (const { name, first, second, sign } of pairs) {
      const [a, b] = [first.values[measure], second.values[measure]];
      if (a === null || b === null) continue;
      byCase.set(name, [...(byCase.get(name) ?? []), sign * (scaled(b) - scaled(a))]);
    }
    const values = [...byCase.values()].map((all) => mean(all));
    if (values.length === 0) return [];
    const average = mean(values);
    const bounds = meanInterval(values, chance, { level: LEVEL, samples: 1000 });
    const told = (value: number): number => (isRatio ? Math.exp(value) - 1 : value);
    const interval = bounds && { low: told(bounds.low), high: told(bounds.high) };
    return [
      [
        measure,
        {
          change: told(average),
          interval,
          isShown: values.length >= FEWEST_CASES && isBesideZero(interval),
          bias: average * lean,
        },
      ],
    ];
  });
  const cachedOf = (name: string): number | null => {
    const shares = records.flatMap((one) => (one.arm === name ? (one.cachedAtFirst ?? []) : []));
    return shares.length === 0 ? null : mean(shares);
  };
  return {
    pairs: pairs.length,
    armSecond,
    effects: Object.fromEntries(effects),
    cachedAtFirst: { base: cachedOf(base), arm: cachedOf(arm) },
  };
}

/**
 * Whether half of a difference or more may be the order's, also where there are too few cases to show that it matters:
 * a verdict is held back by less than it takes to claim something.
 *
 * @param difference on the scale of the bias
 */
export function mayBeOrder({ interval, bias }: LaterRun, difference: number): boolean {
  return isBesideZero(interval) && Math.abs(bias) >= Math.abs(difference) / 2;
}

function isBesideZero(interval: Interval | null): boolean {
  return interval !== null && (interval.low > 0 || interval.high < 0);
}

interface Pair {
  readonly name: string;
  /** The base's run, and the arm's. */
  readonly first: RunRecord;
  readonly second: RunRecord;
  /** 1 where the arm's came second, -1 where it came first. */
  readonly sign: 1 | -1;
}

function pairsOf(records: readonly RunRecord[], base: string, arm: string): readonly Pair[] {
  const key = (one: RunRecord): string => JSON.stringify([one.case, one.run]);
  const ofBase = new Map(records.filter((one) => one.arm === base).map((one) => [key(one), one]));
  return records.flatMap((second): Pair[] => {
    const first = second.arm === arm ? ofBase.get(key(second)) : undefined;
    if (!first || first.startedAt === second.startedAt) return [];
    return [{ name: second.case, first, second, sign: second.startedAt > first.startedAt ? 1 : -1 }];
  });
}
