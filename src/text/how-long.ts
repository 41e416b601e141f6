import { durationIn } from "./format.js";

/** A duration in a sentence: `24 ms`, `9.5 s`, `9m50s`. @param ms milliseconds; below 0 counts as 0 */
export function howLong(ms: number): string {
  if (ms < 999.5) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${Math.round(ms / 100) / 10} s`;
  return durationIn(Math.round(ms / 1000), 1000);
}
