const MINUTE_MS = 60_000;

/** The last ms that is a time; its minute goes on. */
const LAST_MS = 8.64e15;

/** The last minute that was asked for, up to its seconds: what a session did lies close together. */
let [minute, beginning] = [Number.NaN, ""];

const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));

/**
 * A time as `Date.toISOString` writes it, which takes some µs each.
 *
 * @param ms since the epoch; parts of a ms are left out
 * @throws {RangeError} for what is no time
 */
export function isoTime(ms: number): string {
  const whole = Math.trunc(ms);
  const its = Math.floor(whole / MINUTE_MS);
  if (its !== minute || whole > LAST_MS) {
    beginning = new Date(whole).toISOString().slice(0, -"00.000Z".length);
    minute = its;
  }
  const rest = whole - its * MINUTE_MS;
  const seconds = Math.floor(rest / 1000);
  const left = rest - seconds * 1000;
  return `${beginning}${TWO_DIGITS[seconds]}.${left < 100 ? "0" : ""}${left < 10 ? "0" : ""}${left}Z`;
}
