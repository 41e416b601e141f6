import { modelName } from "../../analysis/row-texts.js";
import type { SessionFacts } from "../../analysis/session-facts-schema.js";
import { sessionCost } from "../../analysis/stats/session-cost.js";
import { sessionRow } from "../../catalog/session-row.js";
import type { UserPrices } from "../../opencode/model.js";
import type { Usage } from "../../trace/model.js";
import { addUsage, NO_USAGE } from "../../trace/usage.js";
import type { SessionSummary } from "./listed-session.js";

const MOST_PROMPTS = 20;

/**
 * Sums a session up, as the index has it. Turns that a fork copied count zero: what they took was taken where they
 * happened.
 *
 * @param id by which it is kept
 */
export function listedSession(id: string, facts: SessionFacts, prices: UserPrices): SessionSummary {
  const { turns: all, title } = facts;
  const { at, directory, project, outcome, errorCode, errors, turns, steps, tokens, duration, ...row } =
    sessionRow(facts);
  return {
    kind: "session",
    ...{ id, title, at, directory, project, outcome, errorCode, errors, turns, steps, tokens, duration },
    prompts: all.slice(0, MOST_PROMPTS).map(({ prompt }) => prompt),
    branch: all.at(-1)?.git?.branch ?? null,
    tags: row.tags,
    models: [...new Set(all.flatMap(({ model }) => modelName(model) ?? []))],
    copiedTurns: all.filter(({ copied }) => copied).length,
    usage: all.reduce<Usage>((sum, { usage }) => addUsage(sum, usage), NO_USAGE),
    ...sessionCost(facts, prices),
    missingSubagents: row.missingSubagents,
    doubtfulCalls: row.doubtfulCalls,
  };
}
