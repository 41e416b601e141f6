import { withAdvice } from "./with-advice.js";

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

export function ok(check: string, found: string, advice: string | null = null): Finding {
  return { check, status: "ok", found, advice };
}

export function warning(check: string, found: string, advice: string): Finding {
  return { check, status: "warning", found, advice };
}

export function failed(check: string, found: string, advice: string): Finding {
  return { check, status: "failed", found, advice };
}

/** The finding of an error, whose message says in its first sentence what is wrong, and then what to do. */
export function failedWith(check: string, message: string): Finding {
  return { check, status: "failed", ...withAdvice(message) };
}
