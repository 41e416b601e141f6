/** What got slower, faster, dearer or cheaper than in the weeks before; silent where that may be chance. */
import type { UserPrices } from "../../opencode/model.js";
import { totalTokens } from "../../trace/usage.js";
import { percentile } from "../percentiles.js";
import { modelName } from "../row-texts.js";
import type { SessionFacts, TurnFacts } from "../session-facts.js";
import { type Chance, chanceOf } from "../statistics/chance.js";
import { shifts } from "../statistics/shifts.js";
import { type Calendar, dayAfter } from "./calendar.js";
import { isWantedPlace, isWantedTime, isWantedTurn, placeOf, projectNames, type StatsFilter } from "./dimensions.js";
import { pricedBy } from "./stats-figures.js";

/** What is held against the weeks before. */
export type TrendMeasure = "time" | "firstToken" | "cost" | "tokens";

/** Something that has changed; plain data, as `--json` prints it. */
export interface Trend {
  /** What it is of: a tool's calls, a model's calls, or whole turns. */
  readonly of: "tool" | "model" | "turn";
  /** The tool's or the model's name; null of turns. */
  readonly name: string | null;
  /** The time of a call or turn (ms), the wait for its first token (ms), what it cost (USD), or took (tokens). */
  readonly measure: TrendMeasure;
  /** Medians of the weeks before and of the last days. */
  readonly before: number;
  readonly now: number;
  /** How often the typical value of the days before the typical value of the last days is, by logarithms. */
  readonly ratio: number;
  /** How many days had some, and how many calls or turns there were. */
  readonly days: { readonly before: number; readonly now: number };
  readonly observations: { readonly before: number; readonly now: number };
  /** How likely a change at least as clear is, in any of all that was tested, where nothing has changed. */
  readonly p: number;
}

export interface TrendReport {
  /** The last days, and the days before that they are held against; both ends belong to them. Null without a turn. */
  readonly span: { readonly before: DaySpan; readonly now: DaySpan } | null;
  /** What has changed, the clearest first. */
  readonly found: readonly Trend[];
  /** How many measures were tested, and of how many there was too little for that. */
  readonly tested: number;
  readonly tooFew: number;
}

export interface DaySpan {
  readonly from: string;
  readonly to: string;
}

export interface TrendOptions {
  readonly calendar: Calendar;
  readonly prices?: UserPrices | undefined;
  readonly filter?: StatsFilter | undefined;
  readonly chance?: Chance | undefined;
}

/** A week is held against the four before it: all of them have the same days of the week. */
const NOW_DAYS = 7;
const BEFORE_DAYS = 28;
/** On fewer days, and with fewer calls, nothing is said. */
const LEAST = { nowDays: 4, beforeDays: 8, nowObservations: 12, beforeObservations: 24 } as const;
/** How sure a change has to be, and how large: what is too small to be noticed is none. */
const LEVEL = 0.05;
const LEAST_CHANGE = 1.1;

/** One measure of one subject: what was observed, by day. */
interface Series {
  readonly about: Pick<Trend, "of" | "name" | "measure">;
  readonly byDay: Map<number, number[]>;
}

/**
 * Holds the last week against the four weeks before it, tool by tool and model by model. What is compared are days, not
 * calls: those of a day are alike, since the machine, the network and the work are.
 */
export function trendsOf(sessions: readonly SessionFacts[], options: TrendOptions): TrendReport {
  const { calendar, prices = [], filter = {} } = options;
  const projectOf = projectNames(sessions);
  const isWanted = (session: SessionFacts, turn: TurnFacts): boolean =>
    isWantedTime(turn.start, filter) && isWantedTurn(placeOf(session, turn), filter, projectOf);
  const turns = sessions.flatMap((session) =>
    session.turns.filter((turn) => !turn.copied && !turn.command && isWanted(session, turn)),
  );
  const last = turns.reduce((latest, { start }) => Math.max(latest, start), Number.NEGATIVE_INFINITY);
  if (last === Number.NEGATIVE_INFINITY) return { span: null, found: [], tested: 0, tooFew: 0 };
  const to = calendar.day(last);
  const days = Array.from({ length: NOW_DAYS + BEFORE_DAYS }, (_, index) => {
    return dayAfter(to, index - NOW_DAYS - BEFORE_DAYS + 1);
  });
  const dayNumbers = new Map(days.map((day, index) => [day, index]));
  const series = new Map<string, Series>();
  for (const turn of turns) {
    const place = dayNumbers.get(calendar.day(turn.start));
    if (place !== undefined) observe(turn, place, { series, prices, filter });
  }
  const all = [...series.values()];
  const enough = all.filter(isEnough);
  const isNow = days.map((_, index) => index >= BEFORE_DAYS);
  const values = enough.map(({ byDay }) => days.map((_, index) => meanLog(byDay.get(index))));
  const worked = days.map((_, index) => values.some((one) => one[index] !== null));
  const places = worked.flatMap((has, index) => (has ? [index] : []));
  const chance = options.chance ?? chanceOf("trends", to);
  const sure = shifts(
    values.map((one) => places.map((index) => one[index] ?? null)),
    places.map((index) => isNow[index] ?? false),
    chance,
  );
  const found = enough
    .map((one, index) => trendOf(one, values[index] ?? [], sure[index] ?? 1))
    .filter(({ p, ratio }) => p <= LEVEL && (ratio >= LEAST_CHANGE || ratio <= 1 / LEAST_CHANGE))
    .sort((a, b) => a.p - b.p || Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio)));
  return {
    span: {
      before: { from: days[0] ?? to, to: days[BEFORE_DAYS - 1] ?? to },
      now: { from: days[BEFORE_DAYS] ?? to, to },
    },
    found,
    tested: enough.length,
    tooFew: all.length - enough.length,
  };
}

interface Observing {
  readonly series: Map<string, Series>;
  readonly prices: UserPrices;
  readonly filter: StatsFilter;
}

function observe(turn: TurnFacts, day: number, { series, prices, filter }: Observing): void {
  const add = (about: Series["about"], values: readonly number[]): void => {
    // What is nothing has no ratio to anything.
    const some = values.filter((value) => value > 0);
    if (some.length === 0) return;
    const key = JSON.stringify([about.of, about.name, about.measure]);
    const one = series.get(key) ?? { about, byDay: new Map<number, number[]>() };
    series.set(key, one);
    const known = one.byDay.get(day) ?? [];
    one.byDay.set(day, known);
    for (const value of some) known.push(value);
  };
  if (isWantedPlace(turn, filter)) {
    add({ of: "turn", name: null, measure: "time" }, [turn.account.duration]);
    const costs = turn.spent.map((spent) => pricedBy(prices, spent));
    const isWhole = costs.length > 0 && costs.every(({ cost, unpriced }) => cost !== null && unpriced.calls === 0);
    const usd = costs.reduce((sum, { cost }) => sum + (cost ?? 0), 0);
    if (isWhole) add({ of: "turn", name: null, measure: "cost" }, [usd]);
    for (const tool of turn.tools) add({ of: "tool", name: tool.name, measure: "time" }, tool.durations);
  }
  for (const spent of turn.spent) {
    if (!isWantedPlace(spent, filter)) continue;
    const name = modelName(spent.model);
    const { cost, unpriced } = pricedBy(prices, spent);
    const each = (sum: number): readonly number[] => Array.from({ length: spent.calls }, () => sum / spent.calls);
    add({ of: "model", name, measure: "time" }, spent.durations);
    add({ of: "model", name, measure: "firstToken" }, spent.firstTokens);
    if (cost !== null && unpriced.calls === 0) add({ of: "model", name, measure: "cost" }, each(cost));
    add({ of: "model", name, measure: "tokens" }, each(totalTokens(spent.usage)));
  }
}

function isEnough(series: Series): boolean {
  const [before, now] = sides(series);
  return (
    now.days >= LEAST.nowDays &&
    before.days >= LEAST.beforeDays &&
    now.values.length >= LEAST.nowObservations &&
    before.values.length >= LEAST.beforeObservations
  );
}

interface Side {
  readonly days: number;
  readonly values: readonly number[];
}

function sides({ byDay }: Series): readonly [before: Side, now: Side] {
  const side = (isMine: (day: number) => boolean): Side => {
    const days = [...byDay].filter(([day]) => isMine(day));
    return { days: days.length, values: days.flatMap(([, values]) => values) };
  };
  return [side((day) => day < BEFORE_DAYS), side((day) => day >= BEFORE_DAYS)];
}

/** Times and costs differ by factors: twice as slow is as far up as twice as fast is down. */
function meanLog(values: readonly number[] | undefined): number | null {
  if (!values || values.length === 0) return null;
  return values.reduce((sum, value) => sum + Math.log(value), 0) / values.length;
}

function trendOf(series: Series, byDay: readonly (number | null)[], p: number): Trend {
  const [before, now] = sides(series);
  const typical = (from: number, to: number): number => {
    const some = byDay.slice(from, to).flatMap((value) => value ?? []);
    return some.reduce((sum, value) => sum + value, 0) / Math.max(1, some.length);
  };
  return {
    ...series.about,
    before: median(before.values),
    now: median(now.values),
    ratio: Math.exp(typical(BEFORE_DAYS, byDay.length) - typical(0, BEFORE_DAYS)),
    days: { before: before.days, now: now.days },
    observations: { before: before.values.length, now: now.values.length },
    p,
  };
}

function median(values: readonly number[]): number {
  return (
    percentile(
      values.toSorted((a, b) => a - b),
      50,
    ) ?? 0
  );
}
