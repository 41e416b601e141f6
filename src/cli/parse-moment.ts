/** The moments that `--since` and `--until` mean, the same for every command. */
import { type Calendar, calendarOf, dayAfter } from "../analysis/stats/calendar.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { attempt } from "../errors/thrown.js";
import { durationMs, durationProblem } from "../text/duration-ms.js";

/**
 * @param zone what was asked for; undefined means the one that TZ names, without TZ this machine's
 * @throws {ConfigurationError} when there is no such time zone
 */
export function calendarIn(zone: string | undefined, { TZ }: { readonly TZ?: string | undefined }): Calendar {
  // POSIX has a colon before a name. What is no name is UTC, as it is for Node.js.
  if (zone === undefined) return attempt(() => calendarOf(TZ?.replace(/^:/, "") || undefined)) ?? calendarOf("UTC");
  try {
    return calendarOf(zone);
  } catch {
    throw new ConfigurationError(
      "--timezone",
      `--timezone ${JSON.stringify(zone)}: there is no such time zone.\nSay one such as Europe/Berlin, America/New_York or UTC.`,
    );
  }
}

/** A day, a time of it, and how far its clock is ahead of UTC. */
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) ?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * The moment that one end of a span of time means, ms since the epoch: a duration back from now, a day in the time zone
 * (with `--until` up to its end), or a day with a time, which is the zone's too unless an offset from UTC follows.
 *
 * @throws {ConfigurationError} when it is none of them
 */
export function momentOf(flag: "--since" | "--until", text: string, calendar: Calendar): number {
  const ms = durationMs(text);
  if (ms !== undefined) return Date.now() - ms;
  if (/^\d{4}-(?:0[1-9]|1[0-2])$/.test(text)) {
    const ends = flag === "--since" ? `${text}-01` : dayAfter(`${dayAfter(`${text}-01`, 31).slice(0, 7)}-01`, -1);
    throw new ConfigurationError(flag, `${flag} ${text}: this is a month, not a day.\nSay ${flag} ${ends}.`);
  }
  const [, day, time, offset] = DATE_TIME.exec(text) ?? [];
  if (day !== undefined && isDay(day)) {
    if (time === undefined) return calendar.startOf(flag === "--since" ? day : dayAfter(day));
    const at = Date.parse(`${day}T${time}${(offset ?? "Z").toUpperCase()}`);
    if (!Number.isNaN(at)) return offset === undefined ? calendar.at(at) : at;
  }
  if (/^\d+(?:\.\d+)?$/.test(text.trim()))
    throw new ConfigurationError(flag, `${flag} ${text}: ${durationProblem(text, ["h", "d", "w"])}`);
  throw new ConfigurationError(
    flag,
    `${flag} ${JSON.stringify(text)}: this is neither a duration nor a date.\nSay a duration such as 7d or 12h, or a date such as 2026-11-01 or 2026-11-01T14:30.`,
  );
}

/** Whether the calendar has it: a 31st of February is none. */
function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** What `--since` means where no time zone is asked for: that of `TZ`, else this machine's. */
export function parseSince(text: string, env: { readonly TZ?: string | undefined }): number {
  return momentOf("--since", text, calendarIn(undefined, env));
}
