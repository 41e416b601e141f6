import type { Attributes } from "@opentelemetry/api";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { LoopTrace } from "../trace/model.js";
import { DEFAULT_TEXT_LIMIT } from "./clean-value.js";
import { describeFor } from "./describe-trace.js";
import type { FileShelf } from "./file-shelf.js";
import type { TraceOptions } from "./options.js";
import type { OtlpRequest } from "./otlp-request.js";
import type { SpanData } from "./span-data.js";
import { spanMaker } from "./span-maker.js";
import type { SpanProfileName } from "./span-profile.js";

export interface RequestLimits {
  /** Most spans in one request; default 500. */
  readonly spans?: number;
  /** About how large one request may be, in bytes; a single larger span makes a request of its own. Default 3 MiB. */
  readonly bytes?: number;
  /** About how large one span may be, in bytes; of a larger one all texts are shortened further. Default 8 MiB. */
  readonly spanBytes?: number;
  /** Ids of spans that are not to be sent (yet). */
  readonly leaveOut?: ReadonlySet<string>;
  /** Takes the files that stand in the trace; without it the spans only describe them. */
  readonly files?: FileShelf;
}

/**
 * A trace as OTLP/HTTP requests, ready to be sent.
 *
 * The same trace with the same options gives the same bytes. The root span is the last one of the last request, so
 * that a trace which shows its root is whole.
 *
 * @param profile for whom the spans are described
 */
export function* encodeTrace(
  trace: LoopTrace,
  options: TraceOptions = {},
  limits: RequestLimits = {},
  profile: SpanProfileName = "langfuse",
): Generator<OtlpRequest> {
  const { files } = limits;
  const describe = (wishes: TraceOptions) => describeFor(trace, wishes, profile, files);
  const data = describe(options);
  const shortened = shortening(options, describe);
  const maxSpans = limits.spans ?? 500;
  const maxBytes = limits.bytes ?? 3 * 1024 * 1024;
  const makeSpan = spanMaker(options, profile);
  let batch: ReadableSpan[] = [];
  let bytes = 0;
  const maxSpanBytes = limits.spanBytes ?? DEFAULT_SPAN_BYTES;
  for (const item of data) {
    if (limits.leaveOut?.has(item.spanId)) continue;
    const span = makeSpan(sizeOf(item) > maxSpanBytes ? shortened(item, maxSpanBytes) : item);
    files?.sent(item, span.attributes);
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
  return { body, traceId: first.spanContext().traceId, spanIds: spans.map((span) => span.spanContext().spanId) };
}

/** Langfuse takes larger ones, but its database and what stands before it may not: it warns from 9.5 MB on. */
const DEFAULT_SPAN_BYTES = 8 * 1024 * 1024;

/** Nothing is cut to less: a span that is still too large then has very many texts. */
const SHORTEST_TEXT = 1_000;

/** Describes single spans anew, with texts shortened until they fit. Heads and tails stay, and how long each was. */
function shortening(
  options: TraceOptions,
  describe: (options: TraceOptions) => readonly SpanData[],
): (item: SpanData, maxBytes: number) => SpanData {
  // A trace with one such span often has more of them.
  const byLimit = new Map<number, ReadonlyMap<string, SpanData>>();
  return (item, maxBytes) => {
    let fitting = item;
    let textLimit = options.textLimit ?? DEFAULT_TEXT_LIMIT;
    while (sizeOf(fitting) > maxBytes && textLimit > SHORTEST_TEXT) {
      textLimit = Math.max(SHORTEST_TEXT, Math.floor(textLimit / 4));
      const described =
        byLimit.get(textLimit) ?? new Map(describe({ ...options, textLimit }).map((span) => [span.spanId, span]));
      byLimit.set(textLimit, described);
      fitting = described.get(item.spanId) ?? fitting;
    }
    return fitting;
  };
}

/** About how many bytes a span takes in the request; long strings are what counts. */
function sizeOf(span: { readonly attributes: Attributes }): number {
  return Object.values(span.attributes).reduce<number>(
    (sum, value) => sum + (typeof value === "string" ? Buffer.byteLength(value) : 40) + 80,
    600,
  );
}
