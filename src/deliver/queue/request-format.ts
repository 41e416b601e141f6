import { mediaLinksIn, pickMediaLinks } from "./media-body.js";
import { metricsIn, pickMetrics } from "./metrics-body.js";
import { pickSpans, spansIn } from "./otlp-body.js";
import type { ItemRef, RequestKind } from "./request-kind.js";
import { itemKey } from "./request-kind.js";
import { pickScores, scoresIn } from "./scores-body.js";

/** How requests of one kind lie in the outbox. */
export interface RequestFormat {
  /** How the names of their files end. Versions before knew `json` alone, and leave the others alone. */
  readonly extension: string;
  /** What a file that holds none is not. */
  readonly name: string;
  /** What stands in a body, in its order. @throws {Error} when the bytes are no such request */
  itemsIn(body: Uint8Array): readonly ItemRef[];
  /** The same request with some of its items. @throws {Error} when the bytes are no such request */
  pick(body: Uint8Array, keep: (item: ItemRef) => boolean): Uint8Array;
}

export const FORMATS: Readonly<Record<RequestKind, RequestFormat>> = {
  traces: {
    extension: "json",
    name: "an OTLP/JSON request",
    itemsIn: (body) => spansIn(body).map(({ traceId, spanId }) => ({ group: traceId, id: spanId })),
    pick: (body, keep) => pickSpans(body, ({ traceId, spanId }) => keep({ group: traceId, id: spanId })),
  },
  metrics: { extension: "metrics.json", name: "a request with metrics", itemsIn: metricsIn, pick: pickMetrics },
  scores: { extension: "scores.json", name: "a request with scores", itemsIn: scoresIn, pick: pickScores },
  media: { extension: "media", name: "a file with its header", itemsIn: mediaLinksIn, pick: pickMediaLinks },
};

/** A request with the items of these keys alone. */
export function pickItems(kind: RequestKind, body: Uint8Array, keys: ReadonlySet<string>): Uint8Array {
  return FORMATS[kind].pick(body, (item) => keys.has(itemKey(item)));
}
