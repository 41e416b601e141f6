import type { ListedSession } from "../data/listed-session.js";
import { dayAfter, dayOf, mondayOf, monthOf, startOf } from "./days.js";
import { hasFailed } from "./totals.js";

/** What the chart draws. */
export const MEASURES = ["sessions", "cost", "tokens", "duration"] as const;
export type Measure = (typeof MEASURES)[number];

/** The sessions of a day, a week or a month: each counts in that of its last turn. */
export interface Bar {
  /** The first day and the last one. */
  readonly from: string;
  readonly to: string;
  readonly value: number;
  /** What of it is of sessions with a turn that failed. */
  readonly failed: number;
  readonly sessions: number;
}

export interface OverTime {
  readonly unit: "day" | "week" | "month";
  /** Without gaps, in order. */
  readonly bars: readonly Bar[];
}

const UNITS = [
  { unit: "day", first: (day: string) => day, next: (day: string) => dayAfter(day, 1) },
  { unit: "week", first: mondayOf, next: (day: string) => dayAfter(day, 7) },
  { unit: "month", first: monthOf, next: (day: string) => monthOf(dayAfter(day, 32)) },
] as const;

/** More cannot be told from each other on a telephone. */
const MOST_BARS = 60;

/** Adds sessions up by days, or by weeks or months where those are too many; months may be more than fit. */
export function overTime(sessions: readonly ListedSession[], measure: Measure): OverTime {
  // Behind a day of the year 10000, which has no name of that form, no other day follows.
  const known = sessions.filter(({ at }) => startOf(dayOf(at)) !== null);
  const days = known.map(({ at }) => at).sort((a, b) => a - b);
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return { unit: "day", bars: [] };
  for (const { unit, first: begin, next } of UNITS) {
    const starts: string[] = [];
    const end = begin(dayOf(last));
    const most = unit === "month" ? Number.POSITIVE_INFINITY : MOST_BARS;
    for (let day = begin(dayOf(first)); day <= end && starts.length <= most; day = next(day)) starts.push(day);
    if (starts.length > most) continue;
    const sums = new Map(starts.map((start) => [start, { value: 0, failed: 0, sessions: 0 }]));
    for (const session of known) {
      const sum = sums.get(begin(dayOf(session.at)));
      if (!sum) continue;
      const value = measured(session, measure);
      sum.sessions += 1;
      sum.value += value;
      if (hasFailed(session)) sum.failed += value;
    }
    const bars = [...sums].map(([from, sum]) => ({ from, to: dayAfter(next(from), -1), ...sum }));
    return { unit, bars };
  }
  return { unit: "month", bars: [] };
}

function measured(session: ListedSession, measure: Measure): number {
  if (measure === "sessions") return 1;
  return session.kind === "session" ? (session[measure] ?? 0) : 0;
}
