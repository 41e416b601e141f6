/**
 * What statistics add up of many turns, as columns of numbers: ten thousand sessions are summed in a few milliseconds,
 * where an object for each turn, its calls and its times takes longer to make than to add. Plain data that is kept.
 */
import type { SessionFacts, SpentFacts, TurnFacts } from "../session-facts.js";

/** What figures belong to beside a day; many turns have the same one. */
export interface Place {
  /** opencode's id of the project; null where it has none. */
  readonly project: string | null;
  readonly directory: string;
  readonly git: TurnFacts["git"];
  readonly tags: readonly string[];
  readonly outcome: TurnFacts["outcome"];
  readonly errorCode: string | null;
  /** The turn's own, or that of some of its calls: a subagent's may be another one. */
  readonly model: TurnFacts["model"];
  readonly agent: string | null;
}

/** Figures of a turn that are added up as they are; times in ms. */
export const TURN_SUMS = [
  ...(["failed", "unfinished", "steps", "retries", "toolCalls", "toolFailures"] as const),
  ...(["total", "model", "tools", "waiting", "retried", "opencode"] as const),
  ...(["missingSubagents", "doubtfulCalls", "withoutUsage", "breaks", "tokensReadAnew"] as const),
] as const;

/** Figures of a model's calls for an agent in a turn that are added up as they are. */
export const SPENT_SUMS = [
  ...(["calls", "input", "output", "reasoning", "cacheRead", "cacheWrite", "unpricedCalls"] as const),
  ...(["unpricedInput", "unpricedOutput", "unpricedReasoning", "unpricedCacheRead", "unpricedCacheWrite"] as const),
] as const;

/** All columns of numbers; what is not known is NaN. */
export const TURN_COLUMNS = [
  /** Which of the sessions it was read from it is of. */
  ...(["owner"] as const),
  /** Which session it is in, by a number; two turns of the same one have the same. */
  ...(["session", "place", "start", "copied", "breakCost", "spent", "others"] as const),
  ...TURN_SUMS,
] as const;
export const SPENT_COLUMNS = [...(["place", "cost", "saved"] as const), ...SPENT_SUMS] as const;
export const OTHER_COLUMNS = [
  ...(["place", "cost", "hasUsage", "input", "output", "reasoning", "cacheRead", "cacheWrite"] as const),
] as const;

export type Columns<Name extends string> = Readonly<Record<Name, Float64Array>>;

/** Turns with what they spent. The rows of `spent` and `others` follow each other as their turns do. */
export interface TurnTable {
  readonly places: readonly Place[];
  readonly turns: Columns<(typeof TURN_COLUMNS)[number]>;
  readonly spent: Columns<(typeof SPENT_COLUMNS)[number]>;
  readonly others: Columns<(typeof OTHER_COLUMNS)[number]>;
}

/** @param sessions null for one without facts, which has no turns */
export function turnTable(sessions: readonly (SessionFacts | null)[]): TurnTable {
  const places = new Map<string, { readonly place: Place; readonly number: number }>();
  const placeOf = (place: Place): number => {
    const key = JSON.stringify(place);
    const known = places.get(key) ?? { place, number: places.size };
    places.set(key, known);
    return known.number;
  };
  const ids = new Map<string, number>();
  const sessionOf = (id: string): number => {
    const known = ids.get(id) ?? ids.size;
    ids.set(id, known);
    return known;
  };
  const rows = {
    turns: new Rows(TURN_COLUMNS),
    spent: new Rows(SPENT_COLUMNS),
    others: new Rows(OTHER_COLUMNS),
  };
  for (const [owner, session] of sessions.entries()) {
    for (const turn of session?.turns ?? []) {
      const { project, directory } = session ?? { project: null, directory: "" };
      const { git, tags, outcome, errorCode, model, agent } = turn;
      const place = { project, directory, git, tags, outcome, errorCode, model, agent };
      rows.turns.add({ owner, session: sessionOf(turn.sessionId), place: placeOf(place), ...turnRow(turn) });
      for (const one of turn.spent)
        rows.spent.add(spentRow(one, placeOf({ ...place, model: one.model, agent: one.agent })));
      for (const one of turn.others) rows.others.add(otherRow(one, placeOf({ ...place, model: one.model })));
    }
  }
  return {
    places: [...places.values()].map(({ place }) => place),
    turns: rows.turns.finish(),
    spent: rows.spent.finish(),
    others: rows.others.finish(),
  };
}

/** Rows of numbers that become columns. */
class Rows<Name extends string> {
  readonly #names: readonly Name[];
  readonly #rows: Readonly<Record<Name, number>>[] = [];

  constructor(names: readonly Name[]) {
    this.#names = names;
  }

  add(row: Readonly<Record<Name, number>>): void {
    this.#rows.push(row);
  }

  finish(): Columns<Name> {
    const columns = this.#names.map((name) => [name, Float64Array.from(this.#rows, (row) => row[name])]);
    return Object.fromEntries(columns) as Columns<Name>;
  }
}

type Row<Name extends string, Beside extends string> = Readonly<Record<Exclude<Name, Beside>, number>>;

function turnRow(turn: TurnFacts): Row<(typeof TURN_COLUMNS)[number], "owner" | "session" | "place"> {
  const { start, copied, outcome, account, cacheBreaks } = turn;
  const { steps, retries, toolCalls, toolFailures, missingSubagents, doubtfulCalls, withoutUsage } = turn;
  return {
    ...{ start, copied: Number(copied), spent: turn.spent.length, others: turn.others.length },
    ...{ failed: Number(outcome === "failed"), unfinished: Number(outcome === "unfinished") },
    ...{ steps, retries, toolCalls, toolFailures, missingSubagents, doubtfulCalls, withoutUsage },
    ...{ total: account.duration, model: account.model, tools: account.tools, waiting: account.waiting },
    ...{ retried: account.retries, opencode: account.other },
    ...{ breaks: cacheBreaks.count, tokensReadAnew: cacheBreaks.tokens, breakCost: cacheBreaks.cost ?? Number.NaN },
  };
}

function spentRow(
  { calls, usage, cost, saved, unpriced }: SpentFacts,
  place: number,
): Row<(typeof SPENT_COLUMNS)[number], never> {
  const { input, output, reasoning, cacheRead, cacheWrite } = unpriced.usage;
  return {
    ...{ place, cost: cost ?? Number.NaN, saved: saved ?? Number.NaN, calls, ...usage, unpricedCalls: unpriced.calls },
    ...{ unpricedInput: input, unpricedOutput: output, unpricedReasoning: reasoning },
    ...{ unpricedCacheRead: cacheRead, unpricedCacheWrite: cacheWrite },
  };
}

function otherRow(
  { usage, cost }: TurnFacts["others"][number],
  place: number,
): Row<(typeof OTHER_COLUMNS)[number], never> {
  const { input = 0, output = 0, reasoning = 0, cacheRead = 0, cacheWrite = 0 } = usage ?? {};
  const tokens = { input, output, reasoning, cacheRead, cacheWrite };
  return { place, cost: cost ?? Number.NaN, hasUsage: Number(usage !== null), ...tokens };
}

/** The turns of some of the sessions alone. @param isMeant by the number that `turnTable` gave a session */
export function turnsOf(table: TurnTable, isMeant: (owner: number) => boolean): TurnTable {
  const { turns, spent, others } = table;
  const rows: { readonly turns: number[]; readonly spent: number[]; readonly others: number[] } = {
    ...{ turns: [], spent: [], others: [] },
  };
  let [spentAt, othersAt] = [0, 0];
  for (let row = 0; row < turns.owner.length; row += 1) {
    const [spentCount, othersCount] = [turns.spent[row] ?? 0, turns.others[row] ?? 0];
    if (isMeant(turns.owner[row] ?? 0)) {
      rows.turns.push(row);
      for (let one = 0; one < spentCount; one += 1) rows.spent.push(spentAt + one);
      for (let one = 0; one < othersCount; one += 1) rows.others.push(othersAt + one);
    }
    spentAt += spentCount;
    othersAt += othersCount;
  }
  if (rows.turns.length === turns.owner.length) return table;
  const some = {
    turns: picked(turns, rows.turns),
    spent: picked(spent, rows.spent),
    others: picked(others, rows.others),
  };
  // A place that is none's any more would still name a project.
  const used = [...new Set([...some.turns.place, ...some.spent.place, ...some.others.place])];
  const numbers = new Map(used.map((place, number) => [place, number]));
  const moved = <Names extends { readonly place: Float64Array }>(columns: Names): Names => {
    return { ...columns, place: columns.place.map((place) => numbers.get(place) ?? 0) };
  };
  return {
    places: used.flatMap((place) => table.places[place] ?? []),
    ...{ turns: moved(some.turns), spent: moved(some.spent), others: moved(some.others) },
  };
}

function picked<Name extends string>(columns: Columns<Name>, rows: readonly number[]): Columns<Name> {
  const some = Object.entries<Float64Array>(columns).map(([name, column]) => {
    return [name, Float64Array.from(rows, (row) => column[row] ?? Number.NaN)];
  });
  return Object.fromEntries(some) as Columns<Name>;
}
