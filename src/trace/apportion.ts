/**
 * Rounds shares so that their sum is what a reader expects it to be: each gets what fits whole, the units that are left
 * go to those that lost most (the largest remainders).
 *
 * @param shares not negative
 * @param whole how many units there are to hand out, a whole number
 * @returns whole numbers that add up to `whole`; all 0 when there is nothing to share
 */
export function apportion(shares: readonly number[], whole: number): readonly number[] {
  const sum = shares.reduce((total, share) => total + share, 0);
  if (sum <= 0) return shares.map(() => 0);
  // Most calls are told one result of a tool.
  if (shares.length === 1) return [whole];
  const exact = shares.map((share) => (share / sum) * whole);
  const floors = exact.map(Math.floor);
  const left = whole - floors.reduce((total, units) => total + units, 0);
  if (left === 0) return floors;
  const byRemainder = exact
    .map((units, index) => ({ index, remainder: units - Math.floor(units) }))
    .sort((a, b) => b.remainder - a.remainder);
  const favoured = new Set(byRemainder.slice(0, left).map(({ index }) => index));
  return floors.map((units, index) => (favoured.has(index) ? units + 1 : units));
}
