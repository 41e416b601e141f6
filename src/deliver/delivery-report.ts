import type { DestinationInfo } from "./destinations/destination.js";
import type { RequestKind } from "./queue/request-kind.js";

/**
 * What became of what was given for one destination. Each span is counted once:
 * given = acknowledged + alreadyAcknowledged + pending.spans + rejected. What goes with the spans is counted `beside`.
 */
export interface DestinationReport {
  /** Where it was to go. */
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
  /** The same for what goes with spans, by its kind; a kind of which there was nothing is not there. */
  readonly beside: Readonly<Partial<Record<KindBeside, ItemCounts>>>;
  /** What went wrong last with the destination, one line. */
  readonly lastError: string | undefined;
  /** What went wrong on this machine: the disk is full, receipts are damaged. One line each. */
  readonly problems: readonly string[];
}

/**
 * What goes with the spans: `metrics` to OTLP backends, `scores` and files (`media`) to Langfuse. A file that stands in
 * three spans counts three times.
 */
export type KindBeside = Exclude<RequestKind, "traces">;

/** What became of the items of one kind; each is counted once, an unsaved one also as pending. */
export interface ItemCounts {
  /** Those that the destination took now. */
  readonly acknowledged: number;
  /** Those that were not sent, because it took them earlier. */
  readonly alreadyAcknowledged: number;
  /** Those that wait in the outbox. */
  readonly pending: number;
  /** Those of the pending ones that could not be stored, and are gone when this process ends. */
  readonly unsaved: number;
  /** Those that it will never take. */
  readonly rejected: number;
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
  /** In how many requests, with those that hold something else. */
  readonly requests: number;
  /** How many of the spans could not be stored either, and are gone when this process ends. */
  readonly unsavedSpans: number;
}

/** Whether everything given is with its destination. */
export function isDelivered(reports: readonly DestinationReport[]): boolean {
  return reports.every((report) => !isWaiting(report) && !isRejected(report));
}

/** Whether something waits for a destination, of any kind. */
export function isWaiting({ pending, beside }: DestinationReport): boolean {
  return pending.spans > 0 || Object.values(beside).some((counts) => counts.pending > 0);
}

/** Whether something waits in the outbox, where a push finds it. */
export function isKept({ pending, beside }: DestinationReport): boolean {
  return pending.spans > pending.unsavedSpans || Object.values(beside).some((one) => one.pending > one.unsaved);
}

/** Whether a destination will never take something, of any kind. */
export function isRejected({ rejected, beside }: DestinationReport): boolean {
  return rejected > 0 || Object.values(beside).some((counts) => counts.rejected > 0);
}

/** Whether something waits that could not be stored: it is gone when this process ends, and no push sends it. */
export function isUnsaved({ pending, beside }: DestinationReport): boolean {
  return pending.unsavedSpans > 0 || Object.values(beside).some((counts) => counts.unsaved > 0);
}
