/** Facts of many sessions → one table. Pure: the same facts give the same report. */
import type { UserPrices } from "../../opencode/model.js";
import type { SessionFacts } from "../session-facts.js";
import { type Calendar, dayAfter } from "./calendar.js";
import {
  type Dimension,
  isOfTime,
  isWanted,
  isWantedPlace,
  type Place,
  type PlaceContext,
  projectNames,
  type StatsFilter,
  type StatsKey,
  valuesOf,
} from "./dimensions.js";
import { type StatsFigures, StatsSum } from "./stats-figures.js";
import { type ToolStatsRow, ToolSums } from "./tool-stats.js";

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

interface Group {
  readonly key: readonly (string | null)[];
  readonly sum: StatsSum;
}

export function statsReport(sessions: readonly SessionFacts[], options: StatsOptions): StatsReport {
  const { by, calendar, prices = [], filter = {} } = options;
  const context: PlaceContext = { calendar, projectOf: projectNames(sessions) };
  const groups = new Map<string, Group>();
  const days = new Map<string, StatsSum>();
  const tools = options.tools ? new ToolSums() : undefined;
  const total = new StatsSum(prices);
  let copiedTurns = 0;

  /** The sums that a place belongs to: rows, the day, and all. */
  const sumsAt = (place: Place): readonly StatsSum[] => {
    if (!isWantedPlace(place, filter)) return [];
    const rows = keysOf(by, place, context).map((key) => {
      const text = JSON.stringify(key);
      const group = groups.get(text) ?? { key, sum: new StatsSum(prices) };
      groups.set(text, group);
      return group.sum;
    });
    const day = calendar.day(place.turn.start);
    const ofDay = days.get(day) ?? new StatsSum(prices);
    days.set(day, ofDay);
    return [...rows, ofDay, total];
  };

  for (const session of sessions) {
    for (const turn of session.turns) {
      if (!isWanted(session, turn, filter, context)) continue;
      if (turn.copied) {
        copiedTurns += 1;
        continue;
      }
      const own: Place = { session, turn, model: turn.model, agent: turn.agent };
      for (const sum of sumsAt(own)) sum.addTurn(turn);
      for (const spent of turn.spent)
        for (const sum of sumsAt({ ...own, model: spent.model, agent: spent.agent })) sum.addSpent(turn, spent);
      for (const other of turn.others) for (const sum of sumsAt({ ...own, model: other.model })) sum.addOther(other);
      if (tools && isWantedPlace(own, filter))
        for (const key of keysOf(by, own, context)) tools.add(keyOf(by, key), session, turn);
    }
  }
  const rows = [...groups.values()].map(({ key, sum }) => ({ key: keyOf(by, key), ...sum.figures() }));
  const ordered = inOrder(rows, by);
  return {
    by,
    timezone: calendar.zone,
    since: filter.since ?? null,
    until: filter.until ?? null,
    rows: ordered,
    total: total.figures(),
    copiedTurns,
    days: withoutGaps(days),
    tools: tools ? inToolOrder(tools.rows(), ordered) : null,
  };
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
  context: PlaceContext,
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
