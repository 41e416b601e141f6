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
  // A list of its length: one that grows has room for 17.
  const units = new Array<number>(shares.length);
  let left = whole;
  for (let index = 0; index < shares.length; index += 1) {
    const floor = Math.floor(((shares[index] ?? 0) / sum) * whole);
    units[index] = floor;
    left -= floor;
  }
  if (left === 0) return units;
  const remainders = { shares, sum, whole, units };
  // Nearly all other calls are told two or three.
  if (shares.length > FEW) for (const index of byRemainder(remainders).slice(0, left)) addOne(units, index);
  else for (let more = Math.min(left, shares.length); more >= 1; more -= 1) addOne(units, largest(remainders));
  return units;
}

/** As many are looked through again for each unit that is left; of more the order is made. */
const FEW = 8;

function addOne(units: number[], index: number): void {
  units[index] = (units[index] ?? 0) + 1;
}

/** What is handed out, and what each has got of it so far. */
interface Remainders {
  readonly shares: readonly number[];
  readonly sum: number;
  readonly whole: number;
  readonly units: readonly number[];
}

/** What one lost by being rounded; less than nothing where it has got a unit more. */
function remainderOf({ shares, sum, whole, units }: Remainders, index: number): number {
  return ((shares[index] ?? 0) / sum) * whole - (units[index] ?? 0);
}

/** The place of the largest remainder, of equal ones of the first. */
function largest(remainders: Remainders): number {
  let place = 0;
  let most = remainderOf(remainders, 0);
  for (let index = 1; index < remainders.shares.length; index += 1) {
    const own = remainderOf(remainders, index);
    if (own <= most) continue;
    place = index;
    most = own;
  }
  return place;
}

function byRemainder(remainders: Remainders): readonly number[] {
  const lost = remainders.shares.map((_, index) => remainderOf(remainders, index));
  return lost.map((_, index) => index).sort((a, b) => (lost[b] ?? 0) - (lost[a] ?? 0));
}
