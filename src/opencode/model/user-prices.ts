import type { ModelFacts, Usage } from "./values.js";

/** What a model's tokens cost by the user's word, USD a million tokens. */
export interface UserPrice {
  /** Which models, as `provider/model`; `*` stands for any characters. */
  readonly model: string;
  /** All 0 where it is free. */
  readonly perMillion: Usage;
  /** Whether it counts also where opencode knows a price; default false. */
  readonly override: boolean;
}

/** What the user says of prices; of several that fit a model the first one counts. */
export type UserPrices = readonly UserPrice[];

/** @returns what the user says of a model; undefined where nothing */
export function userPriceOf(prices: UserPrices, model: ModelFacts | null): UserPrice | undefined {
  if (!model || prices.length === 0) return undefined;
  const name = `${model.providerId}/${model.modelId}`;
  return prices.find((price) => isLike(name, price.model));
}

/** What tokens cost, USD. */
export function costBy({ perMillion }: UserPrice, usage: Usage): number {
  const usd =
    usage.input * perMillion.input +
    usage.output * perMillion.output +
    usage.reasoning * perMillion.reasoning +
    usage.cacheRead * perMillion.cacheRead +
    usage.cacheWrite * perMillion.cacheWrite;
  return Number((usd / MILLION).toFixed(DECIMALS));
}

const MILLION = 1e6;
/** More is what binary fractions are off. */
const DECIMALS = 12;

/** Whether a text fits a pattern in which `*` stands for any characters; capital letters are as good as small ones. */
export function isLike(text: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.toLowerCase().split("*");
  const last = rest.pop();
  const whole = text.toLowerCase();
  if (last === undefined) return whole === first;
  if (!whole.startsWith(first) || !whole.endsWith(last) || whole.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = whole.indexOf(part, at);
    if (found < 0 || found + part.length > whole.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}
