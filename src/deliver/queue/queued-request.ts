import type { Fingerprint } from "../receipts/fingerprint.js";
import { pickSpans, type SpanRef, spanKey } from "./otlp-body.js";
import type { OutboxEntry } from "./outbox.js";

/** A request on its way to one destination, and what has become of each of its spans. Sets hold `spanKey`s. */
export interface QueuedRequest {
  /** Where it lies on disk; undefined when it could not be stored. */
  entry: OutboxEntry | undefined;
  /** Whether this delivery has claimed the entry. */
  claimed: boolean;
  /** Undefined as long as it was not read from the disk, and when it need not be held any more. */
  content: Content | undefined;
  /** The content came from the disk, and can be read there again. */
  wasRead: boolean;
  /** How many spans it has, known before it is read. */
  size: number;
  /** How its spans look; undefined where that is not compared. */
  readonly fingerprint: Fingerprint | undefined;
  readonly acknowledged: Set<string>;
  readonly alreadyAcknowledged: Set<string>;
  readonly rejected: Set<string>;
  /** Those of the already acknowledged ones that would look different now: by settings, by how far the turn came. */
  readonly otherSettings: Set<string>;
  readonly otherProgress: Set<string>;
  /** How many of the acknowledged ones the destination dropped without saying which. */
  dropped: number;
}

export interface Content {
  readonly body: Uint8Array;
  /** By `spanKey`, in the order of the body. */
  readonly spans: ReadonlyMap<string, SpanRef>;
  /** The `spanKey` of the last span. */
  readonly lastKey: string | undefined;
}

export function queuedRequest(
  entry: OutboxEntry | undefined,
  content: Content | undefined,
  size: number,
  fingerprint: Fingerprint | undefined = entry?.fingerprint,
): QueuedRequest {
  return {
    entry,
    // What is given together with its content was just put there by this process.
    claimed: entry !== undefined && content !== undefined,
    content,
    wasRead: false,
    size,
    fingerprint,
    acknowledged: new Set(),
    alreadyAcknowledged: new Set(),
    rejected: new Set(),
    otherSettings: new Set(),
    otherProgress: new Set(),
    dropped: 0,
  };
}

/** The body with its spans by key; a span that stands in it twice is one. */
export function createContent(body: Uint8Array, spans: readonly SpanRef[]): Content {
  const last = spans.at(-1);
  return { body, spans: new Map(spans.map((span) => [spanKey(span), span])), lastKey: last && spanKey(last) };
}

/**
 * A request with some of its spans only; with all of them it is byte for byte the same, as a retry of the whole is.
 *
 * @param keys `spanKey`s, each once
 */
export function bodyWith({ body, spans }: Content, keys: readonly string[]): Uint8Array {
  if (keys.length === spans.size) return body;
  const some = new Set(keys);
  return pickSpans(body, (key) => some.has(key));
}

/** The keys of the spans that are neither with the destination nor refused; undefined until the request was read. */
export function pendingKeys(request: QueuedRequest): readonly string[] | undefined {
  const { content, acknowledged, alreadyAcknowledged, rejected } = request;
  if (content === undefined) return undefined;
  return [...content.spans.keys()].filter(
    (key) => !acknowledged.has(key) && !alreadyAcknowledged.has(key) && !rejected.has(key),
  );
}

/** How many spans are pending. */
export function pendingCount(request: QueuedRequest): number {
  return pendingKeys(request)?.length ?? Math.max(0, request.size - settledCount(request));
}

/** How many are dealt with, one way or another. */
function settledCount({ acknowledged, alreadyAcknowledged, rejected }: QueuedRequest): number {
  return acknowledged.size + alreadyAcknowledged.size + rejected.size;
}

/**
 * Lets go of a content that can be read again or is not needed any more: an outbox may hold more than memory does. What
 * was dealt with in part stays.
 */
export function letGo(request: QueuedRequest): void {
  if (!request.wasRead) return;
  if (settledCount(request) === 0 || pendingCount(request) === 0) request.content = undefined;
}
