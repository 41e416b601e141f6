/** Milliseconds as the conventions' seconds, to the microsecond, which is more than times are known to. */
export function seconds(ms: number): number {
  return Math.round(Math.max(0, ms) * 1000) / 1_000_000;
}
