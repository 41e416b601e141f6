/** Facts of many sessions → one table. Pure: the same facts give the same report. */
import type { UserPrices } from "../../opencode/model.js";
import type { SessionFacts } from "../session-facts.js";
import { type Calendar, dayAfter } from "./calendar.js";
import {
  type Dimension,
  isOfTime,
  isWantedPlace,
  isWantedTime,
  isWantedTurn,
  type ProjectOf,
  placeOf,
  projectNames,
  type StatsFilter,
  type StatsKey,
  valuesOf,
} from "./dimensions.js";
import { at, type StatsFigures, StatsSum, startsOf, summedTable } from "./stats-figures.js";
import { type ToolStatsRow, ToolSums } from "./tool-stats.js";
import { type Place, type TurnTable, turnTable } from "./turn-table.js";

/** A row: what is put together in it, and its figures. */
export interface StatsRow extends StatsFigures {
  /** One for each dimension; null: nothing tells it, so that the row is what remains. */
  readonly key: StatsKey;
}

/** What statistics tell; plain data, as `--json` prints it. */
export interface StatsReport {
  readonly by: readonly Dimension[];
  readonly timezone: string;
  /** ms since the epoch; null where that side is open. */
  readonly since: number | null;
  readonly until: number | null;
  readonly rows: readonly StatsRow[];
  /** All turns once: by tags rows may count one several times. */
  readonly total: StatsFigures;
  /** Turns that a fork copied, which count nothing. */
  readonly copiedTurns: number;
  /** From the first day with a turn to the last, without a gap; empty without a turn. */
  readonly days: readonly DayFigures[];
  /** One a tool, and a row of the table where both are asked for; null where tools are not asked for. */
  readonly tools: readonly ToolStatsRow[] | null;
}

/** A day, for a chart. */
export interface DayFigures {
  readonly day: string;
  readonly turns: number;
  /** null where calls were made and nothing is known of any one's tokens. */
  readonly tokens: number | null;
  readonly cost: number | null;
}

export interface StatsOptions {
  readonly by: readonly Dimension[];
  readonly calendar: Calendar;
  readonly prices?: UserPrices | undefined;
  readonly filter?: StatsFilter | undefined;
  /** Whether tools are told of one by one. */
  readonly tools?: boolean | undefined;
}

/** Sessions by their facts. */
export function statsReport(sessions: readonly SessionFacts[], options: StatsOptions): StatsReport {
  const report = statsOfTables([turnTable(sessions)], options);
  return options.tools ? { ...report, tools: inToolOrder(toolStats(sessions, options), report.rows) } : report;
}

/** The same without what tools took. */
export function statsOfTables(tables: readonly TurnTable[], options: StatsOptions): StatsReport {
  const { by, calendar, prices = [], filter = {} } = options;
  const projectOf = projectNames(tables.flatMap(({ places }) => places));
  const groups = new Map<string, { readonly key: readonly (string | null)[]; readonly sum: StatsSum }>();
  const days = new Map<string, StatsSum>();
  const total = new StatsSum(prices);
  let copiedTurns = 0;

  /** The sums that figures of a place belong to on a day: rows, the day, and all. */
  const sumsOf = (place: Place, day: string): readonly StatsSum[] => {
    if (!isWantedPlace(place, filter)) return [];
    const rows = keysOf(by, place, { day, projectOf }).map((key) => {
      const text = JSON.stringify(key);
      const group = groups.get(text) ?? { key, sum: new StatsSum(prices) };
      groups.set(text, group);
      return group.sum;
    });
    const ofDay = days.get(day) ?? new StatsSum(prices);
    days.set(day, ofDay);
    return [...rows, ofDay, total];
  };

  let sessions = 0;
  for (const table of tables.map(summedTable)) {
    const { places, turns, spent, others, spentFrom } = table;
    const isWanted = places.map((place) => isWantedTurn(place, filter, projectOf));
    const known = places.map(() => new Map<string, readonly StatsSum[]>());
    const sumsAt = (place: number, day: string): readonly StatsSum[] => {
      const ofPlace = known[place];
      const found = ofPlace?.get(day);
      if (found) return found;
      const sums = places[place] ? sumsOf(places[place], day) : [];
      ofPlace?.set(day, sums);
      return sums;
    };
    const othersFrom = startsOf(turns.others);
    let most = -1;
    for (let row = 0; row < turns.start.length; row += 1) {
      const start = at(turns.start, row);
      const place = at(turns.place, row);
      most = Math.max(most, at(turns.session, row));
      if (!isWanted[place] || !isWantedTime(start, filter)) continue;
      if (at(turns.copied, row) === 1) {
        copiedTurns += 1;
        continue;
      }
      const day = calendar.day(start);
      const session = sessions + at(turns.session, row);
      for (const sum of sumsAt(place, day)) sum.addTurn(table, row, session);
      const from = at(spentFrom, row);
      for (let one = from; one < from + at(turns.spent, row); one += 1)
        for (const sum of sumsAt(at(spent.place, one), day)) sum.addSpent(table, one, session);
      const first = at(othersFrom, row);
      for (let one = first; one < first + at(turns.others, row); one += 1)
        for (const sum of sumsAt(at(others.place, one), day)) sum.addOther(table, one);
    }
    sessions += most + 1;
  }
  return {
    by,
    timezone: calendar.zone,
    since: filter.since ?? null,
    until: filter.until ?? null,
    rows: inOrder(
      [...groups.values()].map(({ key, sum }) => ({ key: keyOf(by, key), ...sum.figures() })),
      by,
    ),
    total: total.figures(),
    copiedTurns,
    days: withoutGaps(days),
    tools: null,
  };
}

/** What tools took, in the rows of the same key. */
function toolStats(sessions: readonly SessionFacts[], options: StatsOptions): readonly ToolStatsRow[] {
  const { by, calendar, filter = {} } = options;
  const projectOf = projectNames(sessions);
  const tools = new ToolSums();
  for (const session of sessions) {
    for (const turn of session.turns) {
      const place = placeOf(session, turn);
      if (turn.copied || !isWantedTime(turn.start, filter)) continue;
      if (!isWantedTurn(place, filter, projectOf) || !isWantedPlace(place, filter)) continue;
      const day = calendar.day(turn.start);
      for (const key of keysOf(by, place, { day, projectOf })) tools.add(keyOf(by, key), session, turn);
    }
  }
  return tools.rows();
}

/** The tools of each row where that stands. */
function inToolOrder(tools: readonly ToolStatsRow[], rows: readonly StatsRow[]): readonly ToolStatsRow[] {
  const places = new Map(rows.map(({ key }, index) => [JSON.stringify(key), index]));
  const placeOf = ({ key }: ToolStatsRow): number => places.get(JSON.stringify(key)) ?? rows.length;
  return tools.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** All combinations of a place's values. */
function keysOf(
  by: readonly Dimension[],
  place: Place,
  context: { readonly day: string; readonly projectOf: ProjectOf },
): readonly (readonly (string | null)[])[] {
  return by.reduce<readonly (readonly (string | null)[])[]>(
    (keys, dimension) => keys.flatMap((key) => valuesOf(dimension, place, context).map((value) => [...key, value])),
    [[]],
  );
}

function keyOf(by: readonly Dimension[], values: readonly (string | null)[]): StatsKey {
  return Object.fromEntries(by.map((dimension, index) => [dimension, values[index] ?? null]));
}

/** Times as they come; of the others what cost most first, then what took most tokens, and what remains last. */
function inOrder(rows: readonly StatsRow[], by: readonly Dimension[]): readonly StatsRow[] {
  const weights = by.map((_, depth) => {
    const sums = new Map<string, { cost: number; tokens: number }>();
    for (const row of rows) {
      const prefix = prefixOf(row, by, depth);
      const sum = sums.get(prefix) ?? { cost: 0, tokens: 0 };
      sum.cost += row.cost ?? 0;
      sum.tokens += row.tokens ?? 0;
      sums.set(prefix, sum);
    }
    return sums;
  });
  const compared = (a: StatsRow, b: StatsRow): number => {
    for (const [depth, dimension] of by.entries()) {
      const [one, other] = [a.key[dimension] ?? null, b.key[dimension] ?? null];
      if (one === other) continue;
      if (one === null) return 1;
      if (other === null) return -1;
      if (isOfTime(dimension)) return one < other ? -1 : 1;
      const [mine, yours] = [a, b].map((row) => weights[depth]?.get(prefixOf(row, by, depth)));
      const difference =
        (yours?.cost ?? 0) - (mine?.cost ?? 0) || (yours?.tokens ?? 0) - (mine?.tokens ?? 0) || (one < other ? -1 : 1);
      return difference;
    }
    return 0;
  };
  return rows.toSorted(compared);
}

function prefixOf({ key }: StatsRow, by: readonly Dimension[], depth: number): string {
  return JSON.stringify(by.slice(0, depth + 1).map((dimension) => key[dimension]));
}

/** So many days make a chart; of more the last ones. */
const MOST_DAYS = 3_660;

function withoutGaps(sums: ReadonlyMap<string, StatsSum>): readonly DayFigures[] {
  const known = [...sums.keys()].sort();
  const [first, last] = [known.at(0), known.at(-1)];
  if (first === undefined || last === undefined) return [];
  const earliest = dayAfter(last, -MOST_DAYS);
  const days: DayFigures[] = [];
  const [begin = first] = [first, earliest].sort().slice(-1);
  for (let day = begin; day <= last; day = dayAfter(day)) {
    const figures = sums.get(day)?.figures();
    days.push({ day, turns: figures?.turns ?? 0, tokens: figures ? figures.tokens : 0, cost: figures?.cost ?? null });
  }
  return days;
}
