import type { Fingerprint } from "../receipts/fingerprint.js";
import type { OutboxEntry } from "./outbox.js";
import { pickItems } from "./request-format.js";
import { type ItemRef, itemKey, type RequestKind } from "./request-kind.js";

/** A request on its way to one destination, and what has become of each of its items. Sets hold `itemKey`s. */
export interface QueuedRequest {
  readonly kind: RequestKind;
  /** Where it lies on disk; undefined when it could not be stored. */
  entry: OutboxEntry | undefined;
  /** Whether this delivery has claimed the entry. */
  claimed: boolean;
  /** Undefined as long as it was not read from the disk, and when it need not be held any more. */
  content: Content | undefined;
  /** What the content holds, where that is known; else it is found out when it is read. */
  readonly items: readonly ItemRef[] | undefined;
  /** The content is on the disk, and can be read there again. */
  wasRead: boolean;
  /** How many items it has, known before it is read. */
  size: number;
  /** How its items look; undefined where that is not compared. */
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
  readonly kind: RequestKind;
  readonly body: Uint8Array;
  /** By `itemKey`, in the order of the body. */
  readonly items: ReadonlyMap<string, ItemRef>;
  /** The `itemKey` of the last item. */
  readonly lastKey: string | undefined;
}

export function queuedRequest(
  kind: RequestKind,
  entry: OutboxEntry | undefined,
  content: Content | undefined,
  size: number,
  fingerprint: Fingerprint | undefined = entry?.fingerprint,
): QueuedRequest {
  return {
    kind,
    entry,
    // What is given together with its content was just put there by this process.
    claimed: entry !== undefined && content !== undefined,
    content,
    items: content && [...content.items.values()],
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

/** The body with its items by key; an item that stands in it twice is one. */
export function createContent(kind: RequestKind, body: Uint8Array, items: readonly ItemRef[]): Content {
  const last = items.at(-1);
  return { kind, body, items: new Map(items.map((item) => [itemKey(item), item])), lastKey: last && itemKey(last) };
}

/**
 * A request with some of its items only; with all of them it is byte for byte the same, as a retry of the whole is.
 *
 * @param keys `itemKey`s, each once
 */
export function bodyWith({ kind, body, items }: Content, keys: readonly string[]): Uint8Array {
  return keys.length === items.size ? body : pickItems(kind, body, new Set(keys));
}

/** The keys of the items that are neither with the destination nor refused; undefined until the request was read. */
export function pendingKeys(request: QueuedRequest): readonly string[] | undefined {
  const { content, acknowledged, alreadyAcknowledged, rejected } = request;
  if (content === undefined) return undefined;
  return [...content.items.keys()].filter(
    (key) => !acknowledged.has(key) && !alreadyAcknowledged.has(key) && !rejected.has(key),
  );
}

/** How many items are pending. */
export function pendingCount(request: QueuedRequest): number {
  if (settledCount(request) === 0) return request.content?.items.size ?? request.size;
  return pendingKeys(request)?.length ?? Math.max(0, request.size - settledCount(request));
}

/** How many are dealt with, one way or another. */
function settledCount({ acknowledged, alreadyAcknowledged, rejected }: QueuedRequest): number {
  return acknowledged.size + alreadyAcknowledged.size + rejected.size;
}

/** Lets go of a content that has just been stored. @returns whether it is on the disk, to be read again */
export function letGoOfStored(request: QueuedRequest): boolean {
  if (request.entry === undefined) return false;
  request.wasRead = true;
  request.content = undefined;
  return true;
}

/**
 * Lets go of a content that can be read again or is not needed any more: an outbox may hold more than memory does. What
 * was dealt with in part stays.
 */
export function letGo(request: QueuedRequest): void {
  if (!request.wasRead) return;
  if (settledCount(request) === 0 || pendingCount(request) === 0) request.content = undefined;
}
