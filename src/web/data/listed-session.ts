import { modelName, promptOf } from "../../analysis/row-texts.js";
import type { LoopTrace, Outcome, Totals } from "../../trace/model.js";
import { addCost, totalTokens } from "../../trace/usage.js";

/** A kept session as the list shows it. */
export type ListedSession = SessionSummary | UnreadableSession;

/** A session in a few figures, summed over turns with their subagents. Its texts are as hostile as in the session. */
export interface SessionSummary extends Pick<Totals, "steps" | "cost" | "missingSubagents" | "doubtfulCalls"> {
  readonly kind: "session";
  readonly id: string;
  readonly title: string;
  /** What each turn was asked; of many turns the first ones. */
  readonly prompts: readonly string[];
  /** When the last turn began, ms since the epoch. */
  readonly at: number;
  readonly directory: string;
  /** `provider/model`, each once, in the order of the turns. */
  readonly models: readonly string[];
  /** Of the last turn. */
  readonly outcome: Outcome;
  /** The codes of the errors that turns ended in, each once, the last turn's first. */
  readonly errors: readonly string[];
  readonly turns: number;
  readonly tokens: number;
  /** Of all turns, ms; the time between turns is in none of them. */
  readonly duration: number;
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
 * @param traces all that `traceSession` made of it
 * @param keptAt ms since the epoch
 */
export function listedSession(id: string, traces: readonly LoopTrace[], keptAt: number): ListedSession {
  const last = traces.at(-1);
  if (!last) return unreadableSession(id, keptAt, "It holds no prompt yet.");
  const own = traces.filter(({ loop }) => !loop.copied).map(({ loop }) => loop);
  const totals = own.map((loop) => loop.totalsWithSubagents);
  const errors = traces.flatMap(({ loop }) => (loop.error ? [loop.error.code] : []));
  return {
    kind: "session",
    id,
    title: last.session.title,
    prompts: traces.slice(0, MOST_PROMPTS).map(({ loop }) => promptOf(loop, Number.POSITIVE_INFINITY)),
    at: last.loop.start,
    directory: last.session.directory,
    models: [...new Set(traces.flatMap(({ loop }) => modelName(loop.model) ?? []))],
    outcome: last.loop.outcome,
    errors: [...new Set(errors.reverse())],
    turns: traces.length,
    steps: sum(totals.map(({ steps }) => steps)),
    tokens: sum(totals.map(({ usage }) => totalTokens(usage))),
    cost: totals.reduce<number | null>((known, { cost }) => addCost(known, cost), null),
    duration: sum(own.map(({ start, end }) => end - start)),
    missingSubagents: sum(totals.map(({ missingSubagents }) => missingSubagents)),
    doubtfulCalls: sum(totals.map(({ doubtfulCalls }) => doubtfulCalls)),
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

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What is cut may be cut in the middle of a character. */
function headOf(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT).toWellFormed()}…` : text;
}
