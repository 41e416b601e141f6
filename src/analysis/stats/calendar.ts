/** Days, weeks and months of a time zone. */
import { once } from "../../text/lazy.js";

/** Offsets of time zones, and so the beginnings of days, are whole quarters of an hour. */
const QUARTER_MS = 15 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

export interface Calendar {
  /** The zone's name, such as `Europe/Berlin`. */
  readonly zone: string;
  /** The day that a moment (ms since the epoch) is in: `2026-11-29`. */
  day(at: number): string;
  /** The moment that a day begins with, ms since the epoch: 23, 24 or 25 hours before the next one does. */
  startOf(day: string): number;
  /**
   * The moment, ms since the epoch, at which clocks show a time of a day. Of two such, where clocks are put back, it is
   * the first. A time that they skip is taken as if they had not been put forward yet: 02:30 is what they show as 03:30.
   *
   * @param shown the day and the time, as ms since the epoch if they were of UTC
   */
  at(shown: number): number;
}

/**
 * @param zone an IANA time zone; undefined means this machine's
 * @throws {RangeError} when there is no such zone
 */
export function calendarOf(zone?: string): Calendar {
  const format = new Intl.DateTimeFormat("en-u-ca-iso8601-nu-latn", {
    timeZone: zone,
    ...{ year: "numeric", month: "2-digit", day: "2-digit" },
  });
  // Asking for a date takes microseconds, and there may be a hundred thousand turns.
  const known = new Map<number, string>();
  const day = (at: number): string => {
    const quarter = Math.floor(at / QUARTER_MS);
    const found = known.get(quarter) ?? dateIn(format, quarter * QUARTER_MS);
    known.set(quarter, found);
    return found;
  };
  const startOf = (wanted: string): number => {
    const midnightUtc = Date.parse(`${wanted}T00:00:00Z`);
    // No zone is further than 14 hours from UTC. Where a zone left a day out, the next one begins there.
    let quarter = Math.floor((midnightUtc - DAY_MS) / QUARTER_MS);
    while (day(quarter * QUARTER_MS) < wanted) quarter += 1;
    return quarter * QUARTER_MS;
  };
  // Only `--since` and `--until` ask for it, and it takes 10 ms to make.
  const clock = once(
    () =>
      new Intl.DateTimeFormat("en-u-ca-iso8601-nu-latn", {
        ...{ timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit" },
        ...{ hour: "2-digit", minute: "2-digit", second: "2-digit" },
      }),
  );
  const at = (shown: number): number => {
    // No zone is further than 14 hours from UTC: what holds a day before and a day after is all that can be meant.
    const before = offsetIn(clock(), shown - DAY_MS);
    const candidates = [before, offsetIn(clock(), shown + DAY_MS)].map((offset) => shown - offset);
    const found = candidates.filter((moment) => moment + offsetIn(clock(), moment) === shown);
    return found.length > 0 ? Math.min(...found) : shown - before;
  };
  return { zone: format.resolvedOptions().timeZone, day, startOf, at };
}

function dateIn(format: Intl.DateTimeFormat, at: number): string {
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${parts.get("year")?.padStart(4, "0")}-${parts.get("month")}-${parts.get("day")}`;
}

/** How far clocks are ahead of UTC, ms. */
function offsetIn(clock: Intl.DateTimeFormat, at: number): number {
  const parts = new Map(clock.formatToParts(at).map(({ type, value }) => [type, value]));
  const time = `${parts.get("hour")}:${parts.get("minute")}:${parts.get("second")}`;
  return Date.parse(`${dateIn(clock, at)}T${time}Z`) - Math.floor(at / 1000) * 1000;
}

/** The ISO week of a day: `2026-W48`. It begins on a Monday, and is of the year that its Thursday is in. */
export function weekOf(day: string): string {
  const date = Date.parse(`${day}T00:00:00Z`);
  const thursday = new Date(date + (3 - weekday(date)) * DAY_MS);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS)) + 1;
  return `${year}-W${String(week).padStart(2, "0")}`;
}

/** The Monday that a week (`2026-W48`) begins with. */
export function mondayOf(week: string): string {
  const [, year = "", number = ""] = /^(\d{4})-W(\d{2})$/.exec(week) ?? [];
  // The fourth of January is in the first week.
  const fourth = Date.parse(`${year}-01-04T00:00:00Z`);
  return isoDay(fourth - weekday(fourth) * DAY_MS + (Number(number) - 1) * 7 * DAY_MS);
}

/** The day so many days later. */
export function dayAfter(day: string, days = 1): string {
  return isoDay(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS);
}

/** The month of a day: `2026-11`. */
export function monthOf(day: string): string {
  return day.slice(0, 7);
}

function isoDay(date: number): string {
  return new Date(date).toISOString().slice(0, 10);
}

/** From 0, a Monday. */
function weekday(date: number): number {
  return (new Date(date).getUTCDay() + 6) % 7;
}
