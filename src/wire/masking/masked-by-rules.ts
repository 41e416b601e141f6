import type { WireExchange } from "../model.js";

/**
 * The exchanges that are masked by the rules of this looptrace, or were kept so. By identity: a mark inside of a value
 * could come from anywhere.
 */
const masked = new WeakSet<WireExchange>();

/** Says so of an exchange, which must not change afterwards. */
export function markMasked(exchange: WireExchange): void {
  masked.add(exchange);
}

/** Whether it need not be looked through again. */
export function isMaskedByRules(exchange: WireExchange): boolean {
  return masked.has(exchange);
}
