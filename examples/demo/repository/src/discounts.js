/** Volume discounts, the largest first. */
const tiers = [
  { from: 25, percent: 15 },
  { from: 10, percent: 10 },
  { from: 5, percent: 5 },
];

/** The discount in percent for this many pieces of one article. */
export function discountPercent(quantity) {
  const tier = tiers.find(({ from }) => quantity > from);
  return tier ? tier.percent : 0;
}
