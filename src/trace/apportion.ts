/**
 * Rounds shares so that their sum is what a reader expects it to be: each gets what fits whole, the units that are left
 * go to those that lost most (the largest remainders).
 *
 * @param shares not negative
 * @param whole how many units there are to hand out, a whole number
 * @returns whole numbers that add up to `whole`; all 0 when there is nothing to share
 */
export function apportion(shares: readonly number[], whole: number): readonly number[] {
  let sum = 0;
  for (const share of shares) sum += share;
  if (sum <= 0) return shares.map(() => 0);
  // Most calls are told one result of a tool.
  if (shares.length === 1) return [whole];
  // Lists of their length: those that grow have room for 17.
  const units = shares.map((share) => Math.floor((share / sum) * whole));
  let left = whole;
  for (const unit of units) left -= unit;
  if (left === 0) return units;
  const remainders = shares.map((share, index) => (share / sum) * whole - (units[index] ?? 0));
  // Nearly all other calls are told two or three.
  if (shares.length > FEW) for (const index of byRemainder(remainders).slice(0, left)) addOne(units, index);
  else for (let more = Math.min(left, shares.length); more >= 1; more -= 1) addOne(units, takeLargest(remainders));
  return units;
}

/** As many are looked through again for each unit that is left; of more the order is made. */
const FEW = 8;

function addOne(units: number[], index: number): void {
  units[index] = (units[index] ?? 0) + 1;
}

/** The place of the largest remainder, of equal ones of the first; it is not taken again. */
function takeLargest(remainders: number[]): number {
  let largest = 0;
  for (let index = 1; index < remainders.length; index += 1) {
    if ((remainders[index] ?? 0) > (remainders[largest] ?? 0)) largest = index;
  }
  remainders[largest] = Number.NEGATIVE_INFINITY;
  return largest;
}

function byRemainder(remainders: readonly number[]): readonly number[] {
  return remainders.map((_, index) => index).sort((a, b) => (remainders[b] ?? 0) - (remainders[a] ?? 0));
}
