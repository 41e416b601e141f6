import { type SessionCost, sessionCost } from "../analysis/stats/session-cost.js";
import type { UserPrices } from "../opencode/model.js";
import type { Catalog, CatalogSession } from "./catalog.js";

/** The sessions with what they cost by the user's prices too: the index knows opencode's alone. */
export async function pricedSessions(
  sessions: readonly CatalogSession[],
  catalog: Catalog,
  prices: UserPrices,
): Promise<readonly CatalogSession[]> {
  if (prices.length === 0) return sessions;
  const costs = new Map<string, SessionCost>();
  const ids = new Set(sessions.map(({ id }) => id));
  await catalog.eachFacts(ids, (id, facts) => void costs.set(id, sessionCost(facts, prices)));
  return sessions.map((session) => {
    const { kind, id } = session;
    const costed = costs.get(id);
    if (kind !== "session" || !costed) return session;
    const { cost, costByUser } = costed;
    return { ...session, costByUser, row: { ...session.row, cost } };
  });
}
