/** Numbers as people read them; always the same, whatever the machine's locale. */

/** @param ms milliseconds: `569ms`, `1.30s`, `2m03s`, `1h02m` */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_995 ? 2 : 1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
}

/** Whole counts with thousands separated: `12,345`. */
export function count(value: number): string {
  // Not toLocaleString: loading the locale's rules takes longer than painting a whole tree.
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 step`, `2 steps`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** @param usd null where opencode knows no price */
export function cost(usd: number | null): string {
  if (usd === null) return "–";
  if (usd === 0) return "$0";
  return usd < 0.01 ? `$${usd.toFixed(5)}` : usd < 10 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`;
}

/** @param part @param whole `38%`; empty where there is no whole */
export function share(part: number, whole: number): string {
  return whole > 0 ? `${Math.round((part / whole) * 100)}%` : "";
}
