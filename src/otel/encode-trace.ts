import type { LoopTrace } from "../trace/model.js";
import { DEFAULT_TEXT_LIMIT } from "./clean-value.js";
import { type SpanToDescribe, spansToDescribe } from "./describe-trace.js";
import type { FileShelf } from "./file-shelf.js";
import { GrowingText } from "./growing-text.js";
import type { TraceOptions } from "./options.js";
import { createSpanWriter, type RequestFrame, requestFrame, type SpanWriter } from "./otlp-json.js";
import type { OtlpRequest } from "./otlp-request.js";
import { spanProfile } from "./profiles.js";
import type { SpanToWrite } from "./span-data.js";
import type { SpanProfileName } from "./span-profile.js";
import { traceResource } from "./trace-resource.js";

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
  const describe = (wishes: TraceOptions) => spansToDescribe(trace, wishes, profile, files);
  const toDescribe = describe(options);
  const writer = createSpanWriter();
  const shortened = shortening(options, writer, describe);
  const maxSpans = limits.spans ?? 500;
  const maxBytes = limits.bytes ?? 3 * 1024 * 1024;
  const maxSpanBytes = limits.spanBytes ?? DEFAULT_SPAN_BYTES;
  const { scope, resource } = spanProfile(profile);
  const request = createRequest(requestFrame(traceResource(options, resource(options)).attributes, scope), writer);
  for (const { spanId, describe } of toDescribe) {
    if (limits.leaveOut?.has(spanId)) {
      // The shelf's order does not depend on what is left out.
      if (files) describe();
      continue;
    }
    const { span, size } = shortened(describe(), maxSpanBytes);
    files?.sent(span, span.own);
    if (request.spans() > 0 && (request.spans() >= maxSpans || request.size() + size > maxBytes)) yield request.close();
    request.add(span, size);
  }
  if (request.spans() > 0) yield request.close();
}

/** A request in the making, and after it the next one. */
function createRequest({ head, tail }: RequestFrame, writer: SpanWriter) {
  const text = new GrowingText();
  const add = (piece: string): void => text.add(piece);
  let traceId = "";
  let spanIds: string[] = [];
  let size = 0;
  return {
    spans: (): number => spanIds.length,
    /** About how large it is, in bytes. */
    size: (): number => size,
    add(span: SpanToWrite, bytes: number): void {
      add(spanIds.length === 0 ? head : ",");
      writer.write(span, add);
      traceId = span.traceId;
      spanIds.push(span.spanId);
      size += bytes;
    },
    close(): OtlpRequest {
      add(tail);
      const request = { body: text.take(), traceId, spanIds };
      spanIds = [];
      size = 0;
      return request;
    },
  };
}

/** Langfuse takes larger ones, but its database and what stands before it may not: it warns from 9.5 MB on. */
const DEFAULT_SPAN_BYTES = 8 * 1024 * 1024;

/** Nothing is cut to less: a span that is still too large then has very many texts. */
const SHORTEST_TEXT = 1_000;

/**
 * Describes single spans anew, with texts shortened until they fit; those that do stay. Heads and tails of the texts
 * stay, and how long each was.
 */
function shortening(
  options: TraceOptions,
  { sizeOf }: SpanWriter,
  describe: (options: TraceOptions) => readonly SpanToDescribe[],
): (span: SpanToWrite, maxBytes: number) => { readonly span: SpanToWrite; readonly size: number } {
  // A trace with one such span often has more of them.
  const byLimit = new Map<number, ReadonlyMap<string, SpanToDescribe>>();
  return (span, maxBytes) => {
    let fitting = span;
    let size = sizeOf(span);
    let textLimit = options.textLimit ?? DEFAULT_TEXT_LIMIT;
    while (size > maxBytes && textLimit > SHORTEST_TEXT) {
      textLimit = Math.max(SHORTEST_TEXT, Math.floor(textLimit / 4));
      const toDescribe =
        byLimit.get(textLimit) ?? new Map(describe({ ...options, textLimit }).map((one) => [one.spanId, one]));
      byLimit.set(textLimit, toDescribe);
      fitting = toDescribe.get(span.spanId)?.describe() ?? fitting;
      size = sizeOf(fitting);
    }
    return { span: fitting, size };
  };
}
