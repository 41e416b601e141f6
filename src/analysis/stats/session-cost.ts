import type { UserPrices } from "../../opencode/model.js";
import { addCost } from "../../trace/usage.js";
import { exactFigure } from "../figures.js";
import type { SessionFacts } from "../session-facts.js";
import { pricedBy } from "./stats-figures.js";

/** What a session cost, USD. */
export interface SessionCost {
  /** By opencode's prices and by the user's; null where nothing of it has a price. */
  readonly cost: number | null;
  /** What of it is by the user's. */
  readonly costByUser: number;
}

export function sessionCost({ turns }: SessionFacts, prices: UserPrices): SessionCost {
  const priced = turns.flatMap(({ spent }) => spent).map((spent) => pricedBy(prices, spent));
  const cost = priced.reduce<number | null>((known, one) => addCost(known, one.cost), null);
  const byUser = priced.reduce((sum, one) => sum + one.byUser, 0);
  return { cost: cost === null ? null : exactFigure(cost, "usd"), costByUser: exactFigure(byUser, "usd") };
}
