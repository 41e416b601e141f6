import type { Outcome, Usage } from "../../trace/model.js";

/** A kept session as the list shows it. */
export type ListedSession = SessionSummary | UnreadableSession;

/** A session in a few figures, summed over turns with their subagents. Its texts are as hostile as in the session. */
export interface SessionSummary {
  readonly kind: "session";
  readonly id: string;
  readonly title: string;
  /** What each turn was asked; of many turns the first ones. */
  readonly prompts: readonly string[];
  /** When the last turn began, ms since the epoch. */
  readonly at: number;
  readonly directory: string;
  /** opencode's id of the project, the same for all worktrees of a repository; null where it has none. */
  readonly project: string | null;
  /** What the last turn worked on; null where that is not known. */
  readonly branch: string | null;
  /** The callers' own, each once, in the order of the turns. */
  readonly tags: readonly string[];
  /** `provider/model`, each once, in the order of the turns. */
  readonly models: readonly string[];
  /** Of the last turn. */
  readonly outcome: Outcome;
  /** Of the error that the last turn ended in; null without one. */
  readonly errorCode: string | null;
  /** The codes of the errors that turns ended in, each once, the last turn's first. */
  readonly errors: readonly string[];
  readonly turns: number;
  /** Those of the turns that a fork copied: they count nothing. */
  readonly copiedTurns: number;
  readonly steps: number;
  /** null where nothing is known of any call's. */
  readonly tokens: number | null;
  /** The same by kind. */
  readonly usage: Usage;
  /** USD; null where nothing of it has a price. */
  readonly cost: number | null;
  /** What of it is by the user's own prices. */
  readonly costByUser: number;
  /** Of all turns, ms; the time between turns is in none of them. */
  readonly duration: number;
  readonly missingSubagents: number;
  readonly doubtfulCalls: number;
}

/** A session that has nothing to show, and why. */
export interface UnreadableSession {
  readonly kind: "unreadable";
  readonly id: string;
  /** When it was kept, ms since the epoch. */
  readonly at: number;
  readonly reason: string;
}
