import type { ListedSession } from "../data/listed-session.js";
import { dayAfter, startOf } from "./days.js";
import { projectKey, projectNames } from "./projects.js";
import { hasFailed } from "./totals.js";

/** What is to be seen, as it was typed and chosen; what is empty leaves nothing out. */
export interface Filters {
  /** Words, all of which have to be there, in whatever case. */
  readonly query: string;
  /** `completed`, `failed`, `unfinished`, `unreadable`, or `error:` with a code. */
  readonly outcome: string;
  readonly model: string;
  /** As `projectKey` has it. */
  readonly project: string;
  readonly tag: string;
  /** The first day and the last one of those on which a session was last at work, `2026-11-29`. */
  readonly from: string;
  readonly to: string;
  /** USD. */
  readonly minCost: string;
  readonly maxCost: string;
  /** Seconds. */
  readonly minTime: string;
  readonly maxTime: string;
}

export const NO_FILTERS: Filters = {
  query: "",
  outcome: "",
  model: "",
  project: "",
  tag: "",
  from: "",
  to: "",
  minCost: "",
  maxCost: "",
  minTime: "",
  maxTime: "",
};

/** A number that is 0 or more; null for all else, which sets no limit. */
export function amountOf(text: string): number | null {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() === "" || !Number.isFinite(value) || value < 0 ? null : value;
}

/** For words the ids of the sessions in whose texts they occur, as far as it is known. */
export type FoundInTexts = ReadonlyMap<string, ReadonlySet<string>>;

/** What is looked for, in small letters, each word once. */
export function wordsOf({ query }: Filters): readonly string[] {
  return [...new Set(query.toLowerCase().split(/\s+/).filter(Boolean))];
}

/** The sessions that pass all filters, in their order. What is not known of a session passes no filter about it. */
export function filtered(
  sessions: readonly ListedSession[],
  filters: Filters,
  found: FoundInTexts = new Map(),
): readonly ListedSession[] {
  const words = wordsOf(filters);
  const costs = [amountOf(filters.minCost), amountOf(filters.maxCost)] as const;
  const days = [startOf(filters.from), startOf(dayAfter(filters.to, 1))] as const;
  const times = [amountOf(filters.minTime), amountOf(filters.maxTime)] as const;
  return sessions.filter((session) => {
    const summary = session.kind === "session" ? session : undefined;
    return (
      hasOutcome(session, filters.outcome) &&
      (days[0] === null || session.at >= days[0]) &&
      (days[1] === null || session.at < days[1]) &&
      (filters.project === "" || (summary !== undefined && projectKey(summary) === filters.project)) &&
      (filters.tag === "" || summary?.tags.includes(filters.tag) === true) &&
      (filters.model === "" || modelsOf(session).includes(filters.model)) &&
      isWithin(summary?.cost ?? null, ...costs) &&
      isWithin(summary ? summary.duration / 1000 : null, ...times) &&
      hasWords(session, words, found)
    );
  });
}

export interface Choices {
  readonly errors: readonly string[];
  readonly models: readonly string[];
  /** With how they are called. */
  readonly projects: readonly (readonly [key: string, name: string])[];
  readonly tags: readonly string[];
}

/** What can be chosen among sessions: the codes of their errors, their models, projects and tags, sorted. */
export function choicesOf(sessions: readonly ListedSession[]): Choices {
  const errors = new Set(sessions.flatMap((one) => (one.kind === "session" ? one.errors : [])));
  const tags = new Set(sessions.flatMap((one) => (one.kind === "session" ? one.tags : [])));
  return {
    errors: [...errors].sort(),
    models: [...new Set(sessions.flatMap(modelsOf))].sort(),
    projects: [...projectNames(sessions)].sort(([, a], [, b]) => (a < b ? -1 : 1)),
    tags: [...tags].sort(),
  };
}

function hasOutcome(session: ListedSession, wanted: string): boolean {
  if (wanted === "") return true;
  if (session.kind === "unreadable") return wanted === "unreadable";
  if (wanted.startsWith("error:")) return session.errors.includes(wanted.slice("error:".length));
  if (wanted === "failed") return hasFailed(session);
  return session.outcome === wanted;
}

function hasWords(session: ListedSession, words: readonly string[], found: FoundInTexts): boolean {
  if (words.length === 0) return true;
  const text = textsOf(session).join("\n").toLowerCase();
  return words.every((word) => text.includes(word) || found.get(word)?.has(session.id));
}

function textsOf(session: ListedSession): readonly string[] {
  if (session.kind === "unreadable") return [session.id, session.reason];
  const { id, title, directory, branch, outcome, prompts, models, errors, tags } = session;
  return [id, title, directory, branch ?? "", outcome, ...prompts, ...models, ...errors, ...tags];
}

function modelsOf(session: ListedSession): readonly string[] {
  return session.kind === "session" ? session.models : [];
}

/** Both limits are within. */
function isWithin(value: number | null, min: number | null, max: number | null): boolean {
  if (min === null && max === null) return true;
  return value !== null && value >= (min ?? 0) && value <= (max ?? Number.POSITIVE_INFINITY);
}
