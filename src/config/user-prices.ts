import type { UserPrices } from "../opencode/model.js";
import { NO_USAGE } from "../trace/usage.js";
import type { ConfigFile } from "./config-file.js";

/**
 * What the file says of prices. Reasoning is paid for as output where nothing else is said, and what the cache reads and
 * writes as input.
 */
export function userPricesOf({ prices = {} }: ConfigFile): UserPrices {
  return Object.entries(prices).map(([model, price]) => {
    const { override = false } = price;
    if ("free" in price) return { model, perMillion: NO_USAGE, override };
    const { input, output, reasoning = output, cacheRead = input, cacheWrite = input } = price;
    return { model, perMillion: { input, output, reasoning, cacheRead, cacheWrite }, override };
  });
}
