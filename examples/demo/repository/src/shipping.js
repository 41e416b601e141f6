const flatRateCents = 590;
const freeFromCents = 5000;

/** What shipping costs for goods of this value. */
export function shippingCents(goodsCents) {
  return goodsCents >= freeFromCents ? 0 : flatRateCents;
}
