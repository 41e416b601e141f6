/**
 * What a request of the outbox carries:
 *
 * - `traces`: spans, by OTLP.
 * - `metrics`: data points, by OTLP; no Langfuse takes them.
 * - `scores`: by Langfuse's ingestion.
 * - `media`: one file that spans refer to, by Langfuse's media API.
 */
export type RequestKind = "traces" | "metrics" | "scores" | "media";

/** In the order in which they are sent: what others refer to comes first. */
export const REQUEST_KINDS: readonly RequestKind[] = ["traces", "metrics", "scores", "media"];

/** What is sent once, and has a receipt of its own: a span, a turn's metrics, a score, a span's use of a file. */
export interface ItemRef {
  /** The trace that it belongs to, or the session: its receipts are kept by that. */
  readonly group: string;
  /** Of all kinds together each is one in its group. */
  readonly id: string;
  /** What begins so it takes the place of: that is not with the destination any more, and may be sent again. */
  readonly replaces?: string;
}

/** One text for an item's identity, for maps and sets. */
export function itemKey({ group, id }: ItemRef): string {
  return `${group}/${id}`;
}

/** The ids of items by their groups. */
export function idsByGroup(items: readonly ItemRef[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { group, id } of items) {
    const ids = groups.get(group);
    if (ids) ids.push(id);
    else groups.set(group, [id]);
  }
  return groups;
}
