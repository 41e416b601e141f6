import type { Chance } from "../../analysis/statistics/chance.js";

/** How one measure does among those that are tested together. */
export interface Tested {
  /** How likely a difference at least as clear is in any of the measures if the arms are equal in all of them. */
  readonly p: number;
}

export interface SignFlips {
  /** One for each measure, in their order. */
  readonly tested: readonly Tested[];
  /** How many standard errors the clearest of all differences exceeds so seldom as the level says, with equal arms. */
  readonly critical: number;
}

/** So many cases have few enough arrangements of signs to try them all. */
const MOST_EXACT_CASES = 12;
const FLIPS = 4000;

/**
 * The paired randomisation test for the means of several measures at once. Were the arms equal, each case's differences
 * could as well have the other sign: chance has said which arm ran when. So the signs are flipped, those of all measures
 * of a case together since these hang together, and it is counted how often a difference is as clear as the seen one.
 *
 * That several measures are tested is accounted for by the step-down maximum of P. Westfall and S. Young
 * (Resampling-Based Multiple Testing, Wiley 1993): the chance that any measure of equal arms is called different stays
 * at the level of one test, and measures that rise and fall together cost little.
 *
 * @param measures for each measure the differences by case, all in the same order; null where a case has none
 */
export function signFlips(
  measures: readonly (readonly (number | null)[])[],
  chance: Chance,
  { flips = FLIPS, level = 0.05 }: { readonly flips?: number; readonly level?: number } = {},
): SignFlips {
  const cases = Math.max(0, ...measures.map((values) => values.length));
  const prepared = measures.map(prepare);
  const seen = prepared.map((measure) => statistic(measure, sumOf(measure)));
  const order = seen.map((_, index) => index).sort((a, b) => (seen[b] ?? 0) - (seen[a] ?? 0));
  const isExact = cases <= MOST_EXACT_CASES;
  const rounds = isExact ? 2 ** cases : flips;
  // The seen arrangement is one of them: without it a test of chance would be too sure of itself.
  const counts: number[] = measures.map(() => (isExact ? 0 : 1));
  const greatest = new Float64Array(rounds);
  const signs = new Int8Array(cases);
  for (let round = 0; round < rounds; round += 1) {
    let bits = round;
    for (let at = 0; at < cases; at += 1) {
      if (!isExact && at % 32 === 0) bits = chance.bits();
      signs[at] = ((bits >>> (at % 32)) & 1) === 0 ? 1 : -1;
    }
    let most = 0;
    for (let rank = order.length - 1; rank >= 0; rank -= 1) {
      const index = order[rank] ?? 0;
      const measure = prepared[index];
      if (!measure) continue;
      most = Math.max(most, statistic(measure, flippedSum(measure, signs)));
      // What is equal but for rounding counts.
      if (most >= (seen[index] ?? 0) - 1e-9) counts[index] = (counts[index] ?? 0) + 1;
    }
    greatest[round] = most;
  }
  greatest.sort();
  const all = isExact ? rounds : rounds + 1;
  let before = 0;
  const p = new Map<number, number>();
  for (const index of order) {
    before = Math.max(before, (counts[index] ?? all) / all);
    p.set(index, (seen[index] ?? 0) === 0 ? 1 : before);
  }
  return {
    tested: measures.map((_, index) => ({ p: p.get(index) ?? 1 })),
    critical: greatest[Math.min(rounds - 1, Math.ceil((1 - level) * rounds))] ?? 0,
  };
}

interface Prepared {
  readonly values: Float64Array;
  readonly places: Int32Array;
  /** The root of the values' sum of squares: signs do not change it. */
  readonly norm: number;
}

function prepare(values: readonly (number | null)[]): Prepared {
  const known = values.flatMap((value, place) => (value === null ? [] : [{ value, place }]));
  return {
    values: Float64Array.from(known, ({ value }) => value),
    places: Int32Array.from(known, ({ place }) => place),
    norm: Math.sqrt(known.reduce((sum, { value }) => sum + value * value, 0)),
  };
}

/** How many standard errors, as equal arms have them, a sum is from zero. */
function statistic({ norm }: Prepared, sum: number): number {
  return norm === 0 ? 0 : Math.abs(sum) / norm;
}

function sumOf({ values }: Prepared): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function flippedSum({ values, places }: Prepared, signs: Int8Array): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += (values[at] ?? 0) * (signs[places[at] ?? 0] ?? 1);
  return sum;
}
