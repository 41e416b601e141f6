import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { LoopTrace } from "../trace/model.js";
import { describeTrace } from "./describe-trace.js";
import type { TraceOptions } from "./options.js";
import type { OtlpRequest } from "./otlp-request.js";
import { spanMaker } from "./span-maker.js";

export interface RequestLimits {
  /** Most spans in one request; default 500. */
  readonly spans?: number;
  /** About how large one request may be, in bytes; a single larger span makes a request of its own. Default 3 MiB. */
  readonly bytes?: number;
  /** Ids of spans that are not to be sent (yet). */
  readonly leaveOut?: ReadonlySet<string>;
}

/**
 * A trace as OTLP/HTTP requests, ready to be sent.
 *
 * The same trace with the same options gives the same bytes. The root span is the last one of the last request, so
 * that a trace which shows its root is whole.
 */
export function* encodeTrace(
  trace: LoopTrace,
  options: TraceOptions = {},
  limits: RequestLimits = {},
): Generator<OtlpRequest> {
  const data = describeTrace(trace, options);
  const maxSpans = limits.spans ?? 500;
  const maxBytes = limits.bytes ?? 3 * 1024 * 1024;
  const makeSpan = spanMaker(options);
  let batch: ReadableSpan[] = [];
  let bytes = 0;
  for (const item of data) {
    if (limits.leaveOut?.has(item.spanId)) continue;
    const span = makeSpan(item);
    const size = sizeOf(span);
    if (batch.length > 0 && (batch.length >= maxSpans || bytes + size > maxBytes)) {
      yield request(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(span);
    bytes += size;
  }
  if (batch.length > 0) yield request(batch);
}

function request(spans: ReadableSpan[]): OtlpRequest {
  const body = JsonTraceSerializer.serializeRequest(spans);
  const first = spans[0];
  if (!body || !first) throw new Error("the OTLP serialiser gave no bytes for a trace");
  return {
    body,
    traceId: first.spanContext().traceId,
    spanIds: spans.map((span) => span.spanContext().spanId),
  };
}

/** About how many bytes a span takes in the request; long strings are what counts. */
function sizeOf(span: ReadableSpan): number {
  return Object.values(span.attributes).reduce<number>(
    (sum, value) => sum + (typeof value === "string" ? Buffer.byteLength(value) : 40) + 80,
    600,
  );
}
