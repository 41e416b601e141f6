import type { OtlpRequest } from "../../otel/otlp-request.js";
import type { Fingerprint } from "../receipts/fingerprint.js";
import type { ItemRef, RequestKind } from "./request-kind.js";

/** Spans of a trace, and how they look where that is compared when they are sent again. */
export interface TracesRequest extends OtlpRequest {
  readonly kind?: "traces" | undefined;
  readonly fingerprint?: Fingerprint;
}

/** What goes with the spans of traces: made by `scoresRequests`, `metricsRequest` or `mediaRequest`. */
export interface OtherRequest {
  readonly kind: Exclude<RequestKind, "traces">;
  /** As it lies in the outbox. */
  readonly body: Uint8Array;
  /** What of it is sent once, in the order of the body. */
  readonly items: readonly ItemRef[];
}

/** A request of any kind. */
export type RequestToDeliver = TracesRequest | OtherRequest;

export function kindOf({ kind = "traces" }: RequestToDeliver): RequestKind {
  return kind;
}

export function itemsOf(request: RequestToDeliver): readonly ItemRef[] {
  if ("items" in request) return request.items;
  const { traceId, spanIds } = request;
  return spanIds.map((id) => ({ group: traceId, id }));
}
