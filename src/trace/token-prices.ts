/** What tokens cost, reckoned from what calls cost: an export has a price for a call, and none for a token. */
import { costBy, type UserPrices, userPriceOf } from "../opencode/model.js";
import { knownPrice } from "./known-price.js";
import type { ModelFacts, Usage } from "./model.js";

/** USD a token: what the calls settle, and where they leave it open what fits them best. */
export interface TokenPrices {
  readonly input: number;
  /** Thinking is paid for as output is. */
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** What a model's tokens cost. */
export interface ModelPrices {
  /** null where no call of it has a price. */
  readonly perToken: TokenPrices | null;
  /**
   * What some tokens cost, USD; null where the model's calls do not settle it. For what is added to what opencode
   * counted, which no guess may change.
   */
  settled(usage: Usage): number | null;
}

/** What the tokens of each model cost. */
export type Prices = (model: ModelFacts | null) => ModelPrices;

/** A call as far as its price goes. */
export interface PricedCall {
  readonly model: ModelFacts | null;
  readonly usage: Usage | null;
  /** USD; null where no price is known. */
  readonly cost: number | null;
  /** Whether it is by the user's own prices. */
  readonly costFrom?: "user" | undefined;
}

/**
 * What the kinds of tokens cost against each other with most providers: it decides what the calls themselves leave
 * open, as where all of them had the same share from the cache.
 */
const USUAL = [1, 5, 0.1, 1.25] as const;

/** How little the usual counts against what calls tell. */
const LEAN = 1e-10;

/**
 * Reckons what each model's tokens cost from its calls. Of calls that tell enough the result is exact.
 *
 * @param own the user's prices: of models whose calls they have priced they are what tokens cost
 */
export function pricesOf(calls: readonly PricedCall[], own: UserPrices = []): Prices {
  const byModel = new Map<string, PricedCall[]>();
  for (const call of calls) {
    if (!call.usage || !call.cost) continue;
    const key = modelKey(call.model);
    const some = byModel.get(key);
    if (some) some.push(call);
    else byModel.set(key, [call]);
  }
  const prices = new Map<string, ModelPrices>();
  return (model) => {
    const key = modelKey(model);
    const known = prices.get(key) ?? ownPrices(calls, model, own) ?? modelPrices(byModel.get(key) ?? []);
    prices.set(key, known);
    return known;
  };
}

function ownPrices(calls: readonly PricedCall[], model: ModelFacts | null, own: UserPrices): ModelPrices | undefined {
  const price = userPriceOf(own, model);
  const key = modelKey(model);
  const isUsed = calls.some((call) => call.costFrom === "user" && modelKey(call.model) === key);
  if (!price || !isUsed) return undefined;
  const each = (kind: keyof Usage): number => price.perMillion[kind] / 1e6;
  return {
    perToken: {
      ...{ input: each("input"), output: each("output") },
      ...{ cacheRead: each("cacheRead"), cacheWrite: each("cacheWrite") },
    },
    settled: (usage) => costBy(price, usage),
  };
}

/** What a model has prices and a cache by: a variant changes how it is asked, and neither of them. */
export function modelKey(model: ModelFacts | null): string {
  return model ? `${model.providerId}/${model.modelId}` : "";
}

function modelPrices(calls: readonly PricedCall[]): ModelPrices {
  const spent = calls.flatMap(({ usage, cost }) => (usage ? [{ usage, cost }] : []));
  return { perToken: fitted(calls), settled: (usage) => knownPrice(usage, spent) };
}

/** Least squares for how far each price is from the usual one, held to it where nothing else decides. */
function fitted(calls: readonly PricedCall[]): TokenPrices | null {
  const known = calls.flatMap(({ usage, cost }) =>
    usage && cost !== null ? [{ amounts: amountsOf(usage), cost }] : [],
  );
  const usual = known.map(({ amounts }) => dot(amounts, USUAL));
  const all = usual.reduce((total, value) => total + value, 0);
  if (all <= 0) return null;
  const base = known.reduce((total, { cost }) => total + cost, 0) / all;
  const rows = known.map(({ amounts, cost }, index) => ({
    parts: amounts.map((amount, kind) => amount * base * (USUAL[kind] ?? 0)),
    rest: cost - base * (usual[index] ?? 0),
  }));
  const most = USUAL.map((_, kind) => Math.max(...rows.map(({ parts }) => parts[kind] ?? 0)));
  const matrix = USUAL.map((_, row) => [
    ...USUAL.map((_unused, column) =>
      rows.reduce(
        (total, { parts }) => total + (parts[row] ?? 0) * (parts[column] ?? 0),
        row === column ? LEAN * (most[row] || most[0] || 1) ** 2 : 0,
      ),
    ),
    rows.reduce((total, { parts, rest }) => total + (parts[row] ?? 0) * rest, 0),
  ]);
  const [input, output, cacheRead, cacheWrite] = solved(matrix).map((difference, kind) =>
    Math.max(0, base * (USUAL[kind] ?? 0) * (1 + difference)),
  );
  return { input: input ?? 0, output: output ?? 0, cacheRead: cacheRead ?? 0, cacheWrite: cacheWrite ?? 0 };
}

function amountsOf({ input, output, reasoning, cacheRead, cacheWrite }: Usage): readonly number[] {
  return [input, output + reasoning, cacheRead, cacheWrite];
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, value, index) => total + value * (b[index] ?? 0), 0);
}

/** Gaussian elimination; the matrix is symmetric and positive, so that no row has to change its place. */
function solved(matrix: readonly (readonly number[])[]): readonly number[] {
  const rows = matrix.map((row) => [...row]);
  const size = rows.length;
  for (const [at, pivot] of rows.entries()) {
    for (const row of rows.slice(at + 1)) {
      const factor = (row[at] ?? 0) / (pivot[at] ?? 1);
      for (let column = at; column <= size; column += 1)
        row[column] = (row[column] ?? 0) - factor * (pivot[column] ?? 0);
    }
  }
  const result = new Array<number>(size).fill(0);
  for (let at = size - 1; at >= 0; at -= 1) {
    const row = rows[at] ?? [];
    const known = result.reduce((total, value, index) => (index > at ? total + value * (row[index] ?? 0) : total), 0);
    result[at] = ((row[size] ?? 0) - known) / (row[at] || 1);
  }
  return result;
}
