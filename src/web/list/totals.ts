import type { Usage } from "../../trace/model.js";
import { addCost, addUsage, NO_USAGE, promptTokens } from "../../trace/usage.js";
import type { ListedSession } from "../data/listed-session.js";

/** What sessions come to together. Those that cannot be read are counted, and are in no sum. */
export interface ListTotals {
  readonly sessions: number;
  /** With a turn that failed. */
  readonly failed: number;
  /** Without those that a fork copied. */
  readonly turns: number;
  readonly steps: number;
  readonly tokens: number;
  readonly usage: Usage;
  /** Part of the prompts' tokens that came from a cache; null where there were none. */
  readonly cached: number | null;
  /** USD; null where nothing was priced. */
  readonly cost: number | null;
  /** ms. */
  readonly duration: number;
}

export function totalsOf(sessions: readonly ListedSession[]): ListTotals {
  let [failed, turns, steps, tokens, duration] = [0, 0, 0, 0, 0];
  let usage: Usage = NO_USAGE;
  let cost: number | null = null;
  for (const session of sessions) {
    if (session.kind !== "session") continue;
    if (hasFailed(session)) failed += 1;
    turns += session.turns - session.copiedTurns;
    steps += session.steps;
    tokens += session.tokens ?? 0;
    duration += session.duration;
    usage = addUsage(usage, session.usage);
    cost = addCost(cost, session.cost);
  }
  const prompts = promptTokens(usage);
  const cached = prompts === 0 ? null : usage.cacheRead / prompts;
  return { sessions: sessions.length, failed, turns, steps, tokens, usage, cached, cost, duration };
}

/** A turn that failed is a failure, also when a later one went well. */
export function hasFailed(session: ListedSession): boolean {
  return session.kind === "session" && (session.errors.length > 0 || session.outcome === "failed");
}
