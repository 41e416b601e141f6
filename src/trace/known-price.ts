import type { Spent, Usage } from "../opencode/model.js";

/**
 * What some tokens cost, by what a model's other calls have cost; null where those do not settle it.
 *
 * The tokens have to be a sum of multiples of the other calls' tokens: then their cost is the same sum of costs,
 * whatever the single prices are. Prices that change with the size of a prompt are no such sum, and give none.
 *
 * @param calls of the same model, each with a cost; opencode prices reasoning as output
 * @returns USD
 */
export function knownPrice(usage: Usage, calls: readonly Spent[]): number | null {
  const rows = calls.flatMap(({ usage: used, cost }) => (cost !== null && cost > 0 ? [[...buckets(used), cost]] : []));
  const basis: { readonly row: readonly number[]; readonly pivot: number }[] = [];
  const reduced = (row: readonly number[]): number[] =>
    basis.reduce<number[]>(
      (left, { row: by, pivot }) => {
        const factor = left[pivot] ?? 0;
        return factor === 0 ? left : left.map((value, index) => value - factor * (by[index] ?? 0));
      },
      [...row],
    );
  for (const row of rows) {
    const left = reduced(row);
    const tokens = left.slice(0, -1);
    const most = Math.max(...tokens.map(Math.abs));
    if (most <= LEAST_TOKENS) {
      // It says nothing new; but what it says must not differ.
      if (Math.abs(left.at(-1) ?? 0) > LEAST_SHARE * (row.at(-1) ?? 0)) return null;
      continue;
    }
    const pivot = tokens.findIndex((value) => Math.abs(value) === most);
    const by = left[pivot] ?? 1;
    basis.push({ row: left.map((value) => value / by), pivot });
  }
  const left = reduced([...buckets(usage), 0]);
  const cost = -(left.at(-1) ?? 0);
  if (left.slice(0, -1).some((value) => Math.abs(value) > LEAST_TOKENS)) return null;
  return cost > 0 ? Number(cost.toFixed(DECIMALS)) : null;
}

/** What remains of whole tokens after rounding. */
const LEAST_TOKENS = 1e-6;
/** By which share costs that opencode rounds may differ. */
const LEAST_SHARE = 1e-6;
const DECIMALS = 12;

function buckets({ input, output, reasoning, cacheRead, cacheWrite }: Usage): readonly number[] {
  return [input, output + reasoning, cacheRead, cacheWrite];
}
