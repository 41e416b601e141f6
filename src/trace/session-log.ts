import type { LogEvidence, LoggedFailure, LoggedRequest } from "../opencode/log-evidence.js";
import type { Interval } from "./intervals.js";

/** What the log says about one session, ascending in time, without the title's requests. */
export interface SessionLog {
  readonly requests: readonly LoggedRequest[];
  readonly failures: readonly LoggedFailure[];
}

/** The log by session id, so that a session of thousands of steps reads it once. */
export function logBySession(log: LogEvidence | undefined): ReadonlyMap<string, SessionLog> {
  const bySession = new Map<string, { requests: LoggedRequest[]; failures: LoggedFailure[] }>();
  const of = (sessionId: string): { requests: LoggedRequest[]; failures: LoggedFailure[] } => {
    const known = bySession.get(sessionId) ?? { requests: [], failures: [] };
    bySession.set(sessionId, known);
    return known;
  };
  for (const request of log?.requests ?? []) if (!request.small) of(request.sessionId).requests.push(request);
  for (const failure of log?.failures ?? []) of(failure.sessionId).failures.push(failure);
  for (const entries of bySession.values()) {
    entries.requests = ascending(entries.requests);
    entries.failures = ascending(entries.failures);
  }
  return bySession;
}

/** In time's order, each moment once: the same log can come in by two ways, with a session and with its parent. */
function ascending<T extends { readonly at: number }>(entries: T[]): T[] {
  return entries.sort((a, b) => a.at - b.at).filter(({ at }, index, all) => all[index - 1]?.at !== at);
}

/** The entries of a stretch of time, both ends included. @param entries ascending */
export function within<T extends { readonly at: number }>(
  entries: readonly T[],
  { start, end }: Interval,
): readonly T[] {
  return entries.slice(firstIndex(entries, start), firstIndex(entries, end + 1));
}

/** The index of the first entry at or after a moment. */
function firstIndex(entries: readonly { readonly at: number }[], at: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.at ?? Number.POSITIVE_INFINITY) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
