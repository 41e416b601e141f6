import type { Chance } from "./chance.js";

/** A measure's values, one for each unit (a day, say); null where a unit has none. */
export type UnitValues = readonly (number | null)[];

const SHUFFLES = 2000;
/** With fewer values on a side there is no spread to hold a difference against. */
const LEAST_VALUES = 2;

/**
 * The randomisation test for a shift between two groups of units, of several measures at once. Were nothing different
 * with the units of the second group, any others could as well be in their place: so the places are shuffled, of all
 * measures together since these hang together, and it is counted how often a difference is as clear as the seen one.
 *
 * That several measures are tested is accounted for by the step-down maximum of P. Westfall and S. Young
 * (Resampling-Based Multiple Testing, Wiley 1993): the chance that any measure is said to have shifted where none has
 * stays at the level of one test.
 *
 * @param measures for each measure its values by unit, all in the same order
 * @param isLater which units are of the second group
 * @returns for each measure how likely a shift at least as clear is, in any of them, where nothing has shifted
 */
export function shifts(
  measures: readonly UnitValues[],
  isLater: readonly boolean[],
  chance: Chance,
  { shuffles = SHUFFLES }: { readonly shuffles?: number } = {},
): readonly number[] {
  const prepared = measures.map(prepare);
  const places = Uint8Array.from(isLater, (later) => (later ? 1 : 0));
  const seen = prepared.map((measure) => clarity(measure, places));
  const order = seen.map((_, index) => index).sort((a, b) => (seen[b] ?? 0) - (seen[a] ?? 0));
  // The seen arrangement is one of them: without it a test of chance would be too sure of itself.
  const counts = measures.map(() => 1);
  for (let shuffle = 0; shuffle < shuffles; shuffle += 1) {
    for (let at = places.length - 1; at > 0; at -= 1) {
      const other = chance.below(at + 1);
      [places[at], places[other]] = [places[other] ?? 0, places[at] ?? 0];
    }
    let most = 0;
    for (let rank = order.length - 1; rank >= 0; rank -= 1) {
      const index = order[rank] ?? 0;
      const measure = prepared[index];
      if (!measure) continue;
      most = Math.max(most, clarity(measure, places));
      // What is equal but for rounding counts.
      if (most >= (seen[index] ?? 0) - 1e-9) counts[index] = (counts[index] ?? 0) + 1;
    }
  }
  const result = measures.map(() => 1);
  let before = 0;
  for (const index of order) {
    before = Math.max(before, (counts[index] ?? 0) / (shuffles + 1));
    result[index] = (seen[index] ?? 0) === 0 ? 1 : before;
  }
  return result;
}

interface Prepared {
  readonly values: Float64Array;
  /** The unit of each value. */
  readonly units: Int32Array;
  readonly sum: number;
  readonly squares: number;
}

function prepare(values: UnitValues): Prepared {
  const known = values.flatMap((value, unit) => (value === null ? [] : [{ value, unit }]));
  const mean = known.reduce((sum, { value }) => sum + value, 0) / Math.max(1, known.length);
  // Around their mean, so that squares lose nothing to rounding.
  const centred = Float64Array.from(known, ({ value }) => value - mean);
  return {
    values: centred,
    units: Int32Array.from(known, ({ unit }) => unit),
    sum: centred.reduce((sum, value) => sum + value, 0),
    squares: centred.reduce((sum, value) => sum + value * value, 0),
  };
}

/** How many standard errors the two groups' means are apart (Student's t); 0 where there are too few of either. */
function clarity({ values, units, sum, squares }: Prepared, places: Uint8Array): number {
  let [count, later] = [0, 0];
  for (let at = 0; at < values.length; at += 1) {
    if (places[units[at] ?? 0] === 0) continue;
    count += 1;
    later += values[at] ?? 0;
  }
  const others = values.length - count;
  if (count < LEAST_VALUES || others < LEAST_VALUES) return 0;
  const [mean, otherMean] = [later / count, (sum - later) / others];
  const within = squares - count * mean * mean - others * otherMean * otherMean;
  const error = Math.sqrt((Math.max(0, within) / (values.length - 2)) * (1 / count + 1 / others));
  const difference = Math.abs(mean - otherMean);
  if (error > 1e-12) return difference / error;
  return difference > 1e-12 ? Number.MAX_VALUE : 0;
}
