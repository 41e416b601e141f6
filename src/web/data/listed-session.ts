import { modelName } from "../../analysis/row-texts.js";
import type { SessionFacts, TurnFacts } from "../../analysis/session-facts-schema.js";
import type { Outcome, Usage } from "../../trace/model.js";
import { addCost, addUsage, NO_USAGE, totalTokens } from "../../trace/usage.js";

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
  /** The codes of the errors that turns ended in, each once, the last turn's first. */
  readonly errors: readonly string[];
  readonly turns: number;
  readonly steps: number;
  readonly tokens: number;
  /** The same by kind. */
  readonly usage: Usage;
  /** USD; null where opencode priced no call. */
  readonly cost: number | null;
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

/** More of a text is not read in a list, but searched for. */
const MOST_TEXT = 500;
const MOST_PROMPTS = 20;

/**
 * Sums a session up. Turns that a fork copied count zero: what they took was taken where they happened.
 *
 * @param facts null for a session without a prompt
 * @param keptAt ms since the epoch
 */
export function listedSession(id: string, facts: SessionFacts | null, keptAt: number): ListedSession {
  const last = facts?.turns.at(-1);
  if (!facts || !last) return unreadableSession(id, keptAt, "It holds no prompt yet.");
  const { title, directory, project, turns } = facts;
  const sum = (of: (turn: TurnFacts) => number): number => turns.reduce((total, turn) => total + of(turn), 0);
  const errors = turns.flatMap(({ errorCode }) => errorCode ?? []);
  const usage = turns.reduce<Usage>((all, turn) => addUsage(all, turn.usage), NO_USAGE);
  return {
    kind: "session",
    id,
    title,
    prompts: turns.slice(0, MOST_PROMPTS).map(({ prompt }) => prompt),
    at: last.start,
    directory,
    project,
    branch: last.git?.branch ?? null,
    tags: [...new Set(turns.flatMap(({ tags }) => tags))],
    models: [...new Set(turns.flatMap(({ model }) => modelName(model) ?? []))],
    outcome: last.outcome,
    errors: [...new Set(errors.reverse())],
    turns: turns.length,
    steps: sum(({ steps }) => steps),
    tokens: totalTokens(usage),
    usage,
    cost: turns.reduce<number | null>((known, { cost }) => addCost(known, cost), null),
    duration: sum(({ copied, start, end }) => (copied ? 0 : end - start)),
    missingSubagents: sum((turn) => turn.missingSubagents),
    doubtfulCalls: sum((turn) => turn.doubtfulCalls),
  };
}

/** @param reason why there is nothing to show, for the person who looks at the list */
export function unreadableSession(id: string, keptAt: number, reason: string): UnreadableSession {
  return { kind: "unreadable", id, at: keptAt, reason };
}

/** The session without what is too long for a list; to be done after masking, which has to see whole secrets. */
export function shortened(session: ListedSession): ListedSession {
  if (session.kind === "unreadable") return { ...session, reason: headOf(session.reason) };
  return { ...session, title: headOf(session.title), prompts: session.prompts.map(headOf) };
}

/** What is cut may be cut in the middle of a character. */
function headOf(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT).toWellFormed()}…` : text;
}
