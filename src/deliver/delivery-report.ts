import type { DestinationInfo } from "./destinations/destination.js";

/**
 * What became of the spans given for one destination. Each is counted once:
 * given = acknowledged + alreadyAcknowledged + pending.spans + rejected.
 */
export interface DestinationReport {
  /** Where the spans were to go. */
  readonly destination: DestinationInfo;
  /** Spans that the destination took now. */
  readonly acknowledged: number;
  /** Spans that were not sent, because it took them earlier. */
  readonly alreadyAcknowledged: number;
  /** Those of them that would look different if they were sent now; what the destination has stays as it was sent. */
  readonly outdated: OutdatedSpans;
  /** What waits in the outbox. */
  readonly pending: PendingSpans;
  /** Spans that it will never take; they are kept below `rejected/`, with the reason. */
  readonly rejected: number;
  /** What went wrong last with the destination, one line. */
  readonly lastError: string | undefined;
  /** What went wrong on this machine: the disk is full, receipts are damaged. One line each. */
  readonly problems: readonly string[];
}

/** How many spans a destination has from before that would be others now. */
export interface OutdatedSpans {
  /** Spans by what stands on all spans of a trace: tags, environment, user, name and the like. */
  readonly settings: number;
  /** Traces whose root shows a turn that went on since. */
  readonly content: number;
}

/** What is still to be sent. */
export interface PendingSpans {
  /** How many spans wait. */
  readonly spans: number;
  /** In how many requests. */
  readonly requests: number;
  /** How many of the spans could not be stored either, and are gone when this process ends. */
  readonly unsavedSpans: number;
}

/** Whether everything given is with its destination. */
export function isDelivered(reports: readonly DestinationReport[]): boolean {
  return reports.every(({ pending, rejected }) => pending.spans === 0 && rejected === 0);
}
