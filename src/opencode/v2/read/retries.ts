import type { ErrorObject } from "../../../errors/error-facts.js";
import type { RunEvidence } from "../../schema/run-evidence.js";

/** A request that failed and was to be made again; ms since the epoch. */
export interface KnownRetry {
  /** When it failed. */
  readonly at: number;
  /** When it was to be made again. */
  readonly next: number;
  readonly error: ErrorObject;
}

/** The retries that the events of runs tell of, by session, ascending in time, each once. */
export function retriesBySession(runs: readonly RunEvidence[]): ReadonlyMap<string, readonly KnownRetry[]> {
  const bySession = new Map<string, KnownRetry[]>();
  for (const { sessionId, at, next, reason, error } of runs.flatMap(({ retries = [] }) => retries)) {
    const known = bySession.get(sessionId) ?? [];
    bySession.set(sessionId, known);
    // The same evidence can come in by two ways, with a session and with its parent.
    if (known.some((one) => one.at === at)) continue;
    known.push({ at, next, error: error ?? { name: "UnknownError", data: { message: reason } } });
  }
  for (const retries of bySession.values()) retries.sort((a, b) => a.at - b.at);
  return bySession;
}

/** Those between two moments, both included. @param retries ascending in time */
export function retriesWithin(retries: readonly KnownRetry[], from: number, to: number): readonly KnownRetry[] {
  return retries.filter(({ at }) => at >= from && at <= to);
}
