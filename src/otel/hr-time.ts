import type { HrTime } from "@opentelemetry/api";

/** The SDK takes a bare number below its own start time for a reading of the performance clock, hence the pair. */
export function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1_000_000)];
}
