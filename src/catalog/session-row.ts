import type { SessionFacts, TurnFacts } from "../analysis/session-facts.js";
import { addCost, knownTokens, totalTokens } from "../trace/usage.js";

/** A kept session in one row of a list, summed over its turns with their subagents; its texts are as hostile as in the session. */
export interface SessionRow {
  readonly id: string;
  readonly title: string;
  /** Where opencode worked. */
  readonly directory: string;
  /** opencode's id of the project: the same for all worktrees of a repository; null where it has none. */
  readonly project: string | null;
  /** When the first turn began, ms since the epoch. */
  readonly began: number;
  /** When the last turn began, ms since the epoch. */
  readonly at: number;
  /** `provider/model`, each once, in the order of the turns. */
  readonly models: readonly string[];
  /** Of the last turn. */
  readonly outcome: TurnFacts["outcome"];
  /** Of the error that the last turn ended in; null without one. */
  readonly errorCode: string | null;
  /** The codes of the errors that turns ended in, each once, the last turn's first. */
  readonly errors: readonly string[];
  readonly turns: number;
  readonly steps: number;
  /** null where calls were made and nothing is known of any one's tokens. */
  readonly tokens: number | null;
  /** USD; null where opencode priced no call. */
  readonly cost: number | null;
  /** Of all turns, ms; the time between turns is in none of them. */
  readonly duration: number;
  /** The call that took longest, those that started subagents aside where there are others; null without one that ended. */
  readonly slowestTool: { readonly name: string; readonly ms: number } | null;
  readonly toolFailures: number;
  readonly missingSubagents: number;
  readonly doubtfulCalls: number;
  readonly tags: readonly string[];
}

/** Sums a session up. Turns that a fork copied count zero: what they took was taken where they happened. */
export function sessionRow(facts: SessionFacts): SessionRow {
  const { id, title, directory, project, turns } = facts;
  const last = turns.at(-1);
  const sum = (figure: (turn: TurnFacts) => number): number => turns.reduce((total, turn) => total + figure(turn), 0);
  const errors = turns.flatMap(({ errorCode }) => errorCode ?? []).reverse();
  return {
    ...{ id, title, directory, project },
    began: turns[0]?.start ?? 0,
    at: last?.start ?? 0,
    models: [...new Set(turns.flatMap(({ model }) => (model ? [`${model.providerId}/${model.modelId}`] : [])))],
    outcome: last?.outcome ?? "unfinished",
    errorCode: last?.errorCode ?? null,
    errors: [...new Set(errors)],
    turns: turns.length,
    steps: sum(({ steps }) => steps),
    tokens: knownTokens(
      sum(({ calls }) => calls),
      sum(({ usage }) => totalTokens(usage)),
    ),
    cost: turns.reduce<number | null>((known, { cost }) => addCost(known, cost), null),
    duration: sum(({ account }) => account.duration),
    slowestTool: slowestTool(turns),
    toolFailures: sum(({ toolFailures }) => toolFailures),
    missingSubagents: sum(({ missingSubagents }) => missingSubagents),
    doubtfulCalls: sum(({ doubtfulCalls }) => doubtfulCalls),
    tags: [...new Set(turns.flatMap(({ tags }) => tags))],
  };
}

function slowestTool(turns: readonly TurnFacts[]): SessionRow["slowestTool"] {
  const tools = turns.flatMap((turn) => turn.tools);
  // A subagent's time is that of its own tools and calls.
  const own = tools.filter(({ subagents, durations }) => subagents === 0 && durations.length > 0);
  let slowest: { name: string; ms: number } | null = null;
  for (const { name, durations } of own.length > 0 ? own : tools) {
    for (const ms of durations) if (slowest === null || ms > slowest.ms) slowest = { name, ms };
  }
  return slowest;
}
