/** One equation: the amounts of what is sought, what they come to, and how far off that may be. */
export interface Equation {
  readonly amounts: readonly number[];
  readonly sum: number;
  /** In units of the sum; above 0. */
  readonly spread: number;
}

/** What is taken for true of an unknown where no equation tells otherwise. */
export interface Expectation {
  readonly value: number;
  /** How far off it may be; above 0. */
  readonly spread: number;
  readonly least: number;
}

/** Enough for a handful of unknowns that are held to what is expected of them. */
const SWEEPS = 60;

/**
 * Solves equations that are too many or too few by least squares, none of the unknowns below its least: by ridge
 * regression, so that what the equations leave open is as expected.
 */
export function solveRidge(expected: readonly Expectation[], equations: readonly Equation[]): readonly number[] {
  const size = expected.length;
  const products = new Float64Array(size * size);
  const sums = new Float64Array(size);
  expected.forEach(({ value, spread }, at) => {
    products[at * size + at] = 1 / spread ** 2;
    sums[at] = value / spread ** 2;
  });
  for (const { amounts, sum, spread } of equations) {
    const weight = 1 / spread ** 2;
    amounts.forEach((amount, row) => {
      if (amount === 0) return;
      sums[row] = (sums[row] ?? 0) + weight * amount * sum;
      amounts.forEach((other, column) => {
        const at = row * size + column;
        products[at] = (products[at] ?? 0) + weight * amount * other;
      });
    });
  }
  const found = expected.map(({ value }) => value);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    expected.forEach(({ least }, row) => {
      let rest = sums[row] ?? 0;
      for (let column = 0; column < size; column += 1) {
        if (column !== row) rest -= (products[row * size + column] ?? 0) * (found[column] ?? 0);
      }
      found[row] = Math.max(least, rest / (products[row * size + row] ?? 1));
    });
  }
  return found;
}
