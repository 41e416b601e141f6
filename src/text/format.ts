/** Numbers as people read them; always the same, whatever the machine's locale. */

/** In what a duration is counted, in ms: whole ms, hundredths and tenths of a second, seconds, minutes. */
export type TimeUnit = 1 | 10 | 100 | 1000 | 60_000;

/** @param ms milliseconds: `569ms`, `1.30s`, `2m03s`, `1h02m` */
export function duration(ms: number): string {
  const unit = unitOf(ms);
  return durationIn(Math.round(ms / unit), unit);
}

/** How exactly a duration of that many milliseconds is told. */
export function unitOf(ms: number): TimeUnit {
  if (ms < 999.5) return 1;
  if (ms < 9_995) return 10;
  if (ms < 59_950) return 100;
  return ms < 3_599_500 ? 1000 : 60_000;
}

/** @param units how many of the unit, a whole number */
export function durationIn(units: number, unit: TimeUnit): string {
  switch (unit) {
    case 1:
      return `${units}ms`;
    case 10:
      return `${(units / 100).toFixed(2)}s`;
    case 100:
      return `${(units / 10).toFixed(1)}s`;
    case 1000:
      return ofTwo(units, "m", "s");
    case 60_000:
      return ofTwo(units, "h", "m");
    default:
      return unit satisfies never;
  }
}

function ofTwo(units: number, large: string, small: string): string {
  if (units < 60) return `${units}${small}`;
  return `${Math.floor(units / 60)}${large}${String(units % 60).padStart(2, "0")}${small}`;
}

/** What stands for a figure that is not known. */
export const UNKNOWN = "–";

/** Whole counts with thousands separated: `12,345`. */
export function count(value: number): string {
  // Not toLocaleString: loading the locale's rules takes longer than painting a whole tree.
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A count that may not be known. */
export function known(value: number | null): string {
  return value === null ? UNKNOWN : count(value);
}

/** `1 step`, `2 steps`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/**
 * @param usd null where opencode knows no price
 * @param decimals what `costDecimals` says, where several stand below each other
 */
export function cost(usd: number | null, decimals?: number): string {
  if (usd === null) return UNKNOWN;
  if (usd === 0) return "$0";
  const places = decimals ?? costDecimals([usd]);
  const least = 10 ** -places;
  // What is no nothing does not read as nothing.
  return usd > 0 && usd < least / 2 ? `<$${least.toFixed(places)}` : `$${usd.toFixed(places)}`;
}

/** With how many decimals costs are told so that none of them loses what matters: as many as the smallest needs. */
export function costDecimals(costs: readonly number[]): number {
  return costs.reduce((most, usd) => (usd === 0 ? most : Math.max(most, usd < 0.01 ? 5 : usd < 10 ? 4 : 2)), 2);
}

/** `812 bytes`, `1.5 kB`, `12 MB`; a kilobyte has 1,000. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return plural(bytes, "byte");
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kB"] : bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
