import type { OtlpRequest } from "../../src/otel/otlp-request.js";

/** A span id made of a number. */
export function spanId(number: number): string {
  return number.toString(16).padStart(16, "0");
}

/** A trace id made of a number. */
export function traceId(number: number): string {
  return number.toString(16).padStart(32, "0");
}

export interface RequestOptions {
  /** Which trace. Default 1. */
  readonly trace?: number;
  /** The number of the first span id. Default 1. */
  readonly first?: number;
  /** Characters in an attribute of each span. Default 10. */
  readonly padding?: number;
}

/** A well-formed OTLP/JSON request with so many spans. */
export function otlpRequest(spans: number, options: RequestOptions = {}): OtlpRequest {
  const { trace = 1, first = 1, padding = 10 } = options;
  const ids = Array.from({ length: spans }, (_, index) => spanId(first + index));
  const request = {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "looptrace" } }] },
        scopeSpans: [
          {
            scope: { name: "langfuse-sdk", version: "1" },
            spans: ids.map((id, index) => ({
              traceId: traceId(trace),
              spanId: id,
              name: `span ${index}`,
              startTimeUnixNano: "1700000000000000000",
              endTimeUnixNano: "1700000001000000000",
              attributes: [{ key: "padding", value: { stringValue: "x".repeat(padding) } }],
            })),
          },
        ],
      },
    ],
  };
  return {
    body: new TextEncoder().encode(JSON.stringify(request)),
    traceId: traceId(trace),
    spanIds: ids,
  };
}

/** So many spans of one trace in requests of a given size. */
export function otlpRequests(spans: number, perRequest: number, options: RequestOptions = {}): OtlpRequest[] {
  const first = options.first ?? 1;
  return Array.from({ length: Math.ceil(spans / perRequest) }, (_, index) =>
    otlpRequest(Math.min(perRequest, spans - index * perRequest), {
      ...options,
      first: first + index * perRequest,
    }),
  );
}
