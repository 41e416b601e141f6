import { type SpanRef, spanKey } from "./otlp-body.js";
import type { OutboxEntry } from "./outbox.js";

/** A request on its way to one destination, and what has become of each of its spans. Sets hold `spanKey`s. */
export interface Consignment {
  /** Where it lies on disk; undefined when it could not be stored. */
  entry: OutboxEntry | undefined;
  /** Undefined as long as it was not read from the disk. */
  content: Content | undefined;
  /** How many spans it has, known before it is read. */
  readonly size: number;
  /** Another process has it, and answers for it. */
  elsewhere: boolean;
  /** How often the destination was not there for it. */
  failures: number;
  readonly acknowledged: Set<string>;
  readonly alreadyAcknowledged: Set<string>;
  readonly rejected: Set<string>;
  /** How many of the acknowledged ones the destination dropped without saying which. */
  dropped: number;
}

export interface Content {
  readonly body: Uint8Array;
  /** By `spanKey`, in the order of the body. */
  readonly spans: ReadonlyMap<string, SpanRef>;
}

export function createConsignment(
  entry: OutboxEntry | undefined,
  content: Content | undefined,
  size: number,
): Consignment {
  return {
    entry,
    content,
    size,
    elsewhere: false,
    failures: 0,
    acknowledged: new Set(),
    alreadyAcknowledged: new Set(),
    rejected: new Set(),
    dropped: 0,
  };
}

/** The body with its spans by key; a span that stands in it twice is one. */
export function createContent(body: Uint8Array, spans: readonly SpanRef[]): Content {
  return { body, spans: new Map(spans.map((span) => [spanKey(span), span])) };
}

/** The keys of the spans that are neither with the destination nor refused; undefined as long as nobody read which there are. */
export function pendingKeys(consignment: Consignment): readonly string[] | undefined {
  const { content, acknowledged, alreadyAcknowledged, rejected } = consignment;
  if (content === undefined) return undefined;
  return [...content.spans.keys()].filter(
    (key) => !acknowledged.has(key) && !alreadyAcknowledged.has(key) && !rejected.has(key),
  );
}

/** How many spans are pending. */
export function pendingCount(consignment: Consignment): number {
  return pendingKeys(consignment)?.length ?? consignment.size - consignment.rejected.size;
}
