/** Facts made by hand, for statistics that no recording has. What is given wins over what is filled in. */
import {
  SESSION_FACTS_VERSION,
  type SessionFacts,
  type SpentFacts,
  type TurnFacts,
} from "../../src/analysis/session-facts.js";
import { addCost, addUsage, NO_USAGE } from "../../src/trace/usage.js";

const MODEL = { providerId: "acme", modelId: "big", variant: null };

/** What calls of a model took; 1,000 tokens of input and 100 of output by default. */
export function spentFacts(more: Partial<SpentFacts> = {}): SpentFacts {
  return {
    ...{ model: MODEL, agent: "build", calls: 1, usage: { ...NO_USAGE, input: 1000, output: 100 } },
    ...{ cost: 0.01, unpriced: { calls: 0, usage: NO_USAGE }, saved: null, durations: [1000], firstTokens: [200] },
    ...more,
  };
}

/** A turn that took two seconds, one of them the model's. @param at ms since the epoch */
export function turnFacts(at: number, more: Partial<TurnFacts> = {}): TurnFacts {
  const spent = more.spent ?? [spentFacts()];
  const account = {
    ...{ duration: 2000, model: 1000, firstToken: 200, tools: 600, waiting: 0, retries: 0, other: 400 },
    toolsSummed: 600,
    ...more.account,
  };
  return {
    ...{ traceId: "0".repeat(32), sessionId: "ses_made", turn: 0, start: at, end: at + account.duration },
    ...{ prompt: "Go.", command: false, copied: false, model: spent[0]?.model ?? null, agent: "build" },
    ...{ outcome: "completed", errorCode: null, tags: [], git: null },
    ...{ steps: 1, retries: 0, toolCalls: 0, toolFailures: 0, missingSubagents: 0, doubtfulCalls: 0, withoutUsage: 0 },
    calls: spent.reduce((sum, { calls }) => sum + calls, 0),
    usage: spent.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE),
    cost: spent.reduce<number | null>((sum, { cost }) => addCost(sum, cost), null),
    ...{ context: null, cacheBreaks: { count: 0, tokens: 0, cost: null }, doomLoops: 0, compactions: 0 },
    ...{ others: [], tools: [], spent },
    ...more,
    account,
  };
}

/** A session of some turns. */
export function madeFacts(turns: readonly TurnFacts[], more: Partial<SessionFacts> = {}): SessionFacts {
  const id = more.id ?? "ses_made";
  return {
    ...{
      version: SESSION_FACTS_VERSION,
      id,
      title: "made",
      directory: "/repo/shop",
      project: "shop",
      parentId: null,
      opencode: "1.18.33",
    },
    turns: turns.map((turn) => ({ ...turn, sessionId: id })),
    ...(more.turns ? {} : more),
  };
}
