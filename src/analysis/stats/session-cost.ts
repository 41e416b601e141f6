import type { UserPrices } from "../../opencode/model.js";
import { addCost } from "../../trace/usage.js";
import { exactFigure } from "../figures.js";
import type { SessionFacts } from "../session-facts.js";
import { pricedBy } from "./stats-figures.js";

/** What a session cost, USD, by opencode's prices and by the user's; null where nothing of it has a price. */
export function sessionCost({ turns }: SessionFacts, prices: UserPrices): number | null {
  const cost = turns
    .flatMap(({ spent }) => spent)
    .reduce<number | null>((known, spent) => addCost(known, pricedBy(prices, spent).cost), null);
  return cost === null ? null : exactFigure(cost, "usd");
}
