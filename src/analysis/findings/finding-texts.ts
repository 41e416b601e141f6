import { cost, count, duration, plural } from "../../text/format.js";
import type { AdviceItem } from "./advice.js";
import type { Finding } from "./finding.js";

/** What it has cost, in words: `$0.21, 48,200 tokens, 12.3s`; empty where nothing of that is known. */
export function priceText({ usd, tokens, ms }: Pick<Finding, "usd" | "tokens" | "ms">): string {
  return [
    ...(usd === null || usd === 0 ? [] : [cost(usd)]),
    ...(tokens === null || tokens === 0 ? [] : [plural(tokens, "token")]),
    // What takes less than a second is not waited for.
    ...(ms === null || ms < 1000 ? [] : [duration(ms)]),
  ].join(", ");
}

/** In how many of the sessions it is; empty where there is one. */
export function sessionsText({ sessions }: Pick<AdviceItem, "sessions">, all: number): string {
  return all < 2 ? "" : `in ${count(sessions)} of ${plural(all, "session")}`;
}

/** A share as a percentage; at least one, since what is less is not told. */
export function shareText(share: number): string {
  return `${Math.max(1, Math.round(share * 100))}%`;
}
