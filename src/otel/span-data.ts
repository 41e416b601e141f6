import type { Attributes } from "@opentelemetry/api";

/** A span before it becomes one of the OTel SDK's: plain data with everything that will be on the wire. */
export interface SpanData {
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: SpanParent | null;
  readonly name: string;
  readonly kind: "internal" | "client";
  /** ms since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Attributes;
  /** One line; present when the span's OTel status is ERROR. */
  readonly errorMessage: string | null;
  readonly exception: { readonly at: number; readonly type: string; readonly message: string } | null;
}

/** Whose child a span is. */
export interface SpanParent {
  readonly spanId: string;
  /** Whether the parent is another program's span, handed over by `TRACEPARENT`. */
  readonly remote: boolean;
}
