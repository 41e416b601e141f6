/** How a check ended: `warning` for what works, but not as well as it could, or not for ever. */
export type FindingStatus = "ok" | "warning" | "failed";

/** What one check found. */
export interface Finding {
  /** What was looked at, in a word or two: `opencode`, `store`. */
  readonly check: string;
  readonly status: FindingStatus;
  /** What is the case. */
  readonly found: string;
  /** What to do about it; null where there is nothing to do. */
  readonly advice: string | null;
}
