import type { Interval } from "../model/values.js";
import type { LogEvidence, LoggedFailure, LoggedRequest } from "../read/log-evidence.js";
import type { SeenRetry } from "../schema/event-facts.js";
import type { RunEvidence } from "../schema/run-evidence.js";

/** What the log and the events say about one session's requests, ascending in time, without the title's requests. */
export interface SessionLog {
  readonly requests: readonly LoggedRequest[];
  readonly failures: readonly LoggedFailure[];
  /** What the events tell of failures; the log, where it has the same requests, knows more. */
  readonly retries: readonly FollowedRetry[];
}

/** A retry that events told of. */
export interface FollowedRetry extends SeenRetry {
  /** When following the events stopped, since the turn had ended: what was due later was never sent. */
  readonly until: number;
}

/** The log and the runs' retries by session id, so that a session of thousands of steps reads them once. */
export function logBySession(
  log: LogEvidence | undefined,
  runs: readonly RunEvidence[],
): ReadonlyMap<string, SessionLog> {
  type Entries = { requests: LoggedRequest[]; failures: LoggedFailure[]; retries: FollowedRetry[] };
  const bySession = new Map<string, Entries>();
  const of = (sessionId: string): Entries => {
    const known = bySession.get(sessionId) ?? { requests: [], failures: [], retries: [] };
    bySession.set(sessionId, known);
    return known;
  };
  for (const request of log?.requests ?? []) if (!request.small) of(request.sessionId).requests.push(request);
  for (const failure of log?.failures ?? []) of(failure.sessionId).failures.push(failure);
  for (const { retries = [], endedAt } of runs) {
    for (const retry of retries) of(retry.sessionId).retries.push({ ...retry, until: endedAt });
  }
  for (const entries of bySession.values()) {
    entries.requests = ascending(entries.requests);
    entries.failures = ascending(entries.failures);
    entries.retries = ascending(entries.retries);
  }
  return bySession;
}

/** In time's order, each moment once: the same evidence can come in by two ways, with a session and with its parent. */
function ascending<T extends { readonly at: number }>(entries: T[]): T[] {
  return entries.sort((a, b) => a.at - b.at).filter(({ at }, index, all) => all[index - 1]?.at !== at);
}

/** The entries of a stretch of time, both ends included. @param entries ascending */
export function within<T extends { readonly at: number }>(
  entries: readonly T[],
  { start, end }: Interval,
): readonly T[] {
  if (entries.length === 0) return entries;
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
