import { discountPercent } from "./discounts.js";
import { percentOff } from "./money.js";
import { shippingCents } from "./shipping.js";

/**
 * Prices a cart.
 *
 * @param {{ name: string, unitCents: number, quantity: number }[]} lines
 */
export function priceCart(lines) {
  const goodsCents = lines.reduce((sum, line) => sum + lineCents(line), 0);
  const shipping = lines.length === 0 ? 0 : shippingCents(goodsCents);
  return { goodsCents, shippingCents: shipping, totalCents: goodsCents + shipping };
}

function lineCents({ name, unitCents, quantity }) {
  if (!Number.isInteger(quantity) || quantity < 1) {
    throw new RangeError(`${name}: a quantity is a whole number from 1 on, not ${quantity}.`);
  }
  return percentOff(unitCents * quantity, discountPercent(quantity));
}
