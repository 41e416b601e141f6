/** One OTLP/HTTP request: a whole ExportTraceServiceRequest as JSON bytes, and the identity of each span in it. */
export interface OtlpRequest {
  readonly body: Uint8Array;
  /** 32 hex digits; all spans of a request belong to one trace. */
  readonly traceId: string;
  /** 16 hex digits each, in the order in which the spans stand in the body. */
  readonly spanIds: readonly string[];
}
