/** Days in the reader's own time zone, as `2026-11-29`. */

export function dayOf(ms: number): string {
  return nameOf(new Date(ms));
}

/** The moment that a day begins with, ms since the epoch; null for what names no day. */
export function startOf(day: string): number | null {
  return dateOf(day)?.getTime() ?? null;
}

/** The day so many days later. */
export function dayAfter(day: string, days: number): string {
  const date = dateOf(day);
  if (!date) return day;
  // By the calendar: a day may have 23 or 25 hours.
  date.setDate(date.getDate() + days);
  return nameOf(date);
}

/** The Monday of a day's week. */
export function mondayOf(day: string): string {
  const weekday = dateOf(day)?.getDay() ?? 1;
  return dayAfter(day, -((weekday + 6) % 7));
}

/** The first day of a day's month. */
export function monthOf(day: string): string {
  return `${day.slice(0, 7)}-01`;
}

function dateOf(day: string): Date | null {
  const [, year = "", month = "", date = ""] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day) ?? [];
  if (year === "") return null;
  const found = new Date(Number(year), Number(month) - 1, Number(date));
  // The 31st of a month that has 30 would be another one's first.
  return nameOf(found) === day ? found : null;
}

function nameOf(date: Date): string {
  if (Number.isNaN(date.getTime())) return "";
  return [
    String(date.getFullYear()).padStart(4, "0"),
    ...[date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0")),
  ].join("-");
}
