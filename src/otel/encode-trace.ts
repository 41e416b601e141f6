import type { LoopTrace } from "../trace/model.js";
import { DEFAULT_TEXT_LIMIT } from "./clean-value.js";
import { type SpanToDescribe, spansToDescribe } from "./describe-trace.js";
import type { FileShelf } from "./file-shelf.js";
import { JsonBytes } from "./json-bytes.js";
import type { TraceOptions } from "./options.js";
import { createSpanWriter, type RequestFrame, requestFrame } from "./otlp-json.js";
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
  const shortened = shortening(options, describe);
  const maxSpans = limits.spans ?? 500;
  const maxBytes = limits.bytes ?? 3 * 1024 * 1024;
  const maxSpanBytes = limits.spanBytes ?? DEFAULT_SPAN_BYTES;
  const { scope, resource } = spanProfile(profile);
  const request = idle.pop() ?? createRequest();
  request.begin(requestFrame(traceResource(options, resource(options)), scope));
  for (const few of describe(options)) {
    for (const { spanId, describe } of few) {
      if (limits.leaveOut?.has(spanId)) {
        // The shelf's order does not depend on what is left out.
        if (files) describe();
        continue;
      }
      let span = describe();
      let size = request.write(span);
      const shorter = size > maxSpanBytes ? shortened(span) : [];
      for (const one of shorter) {
        span = one;
        size = request.write(span);
        if (size <= maxSpanBytes) break;
      }
      files?.sent(span, span.own);
      const isFull = request.spans() >= maxSpans || request.size() + size > maxBytes;
      const full = request.spans() > 0 && isFull ? request.close() : undefined;
      request.add(span, size);
      if (full) yield full;
    }
  }
  const last = request.spans() > 0 ? request.close() : undefined;
  if (idle.length === 0) idle.push(request);
  if (last) yield last;
}

/** The next trace uses its memory again. While it is there, the engine also keeps the code that it has compiled. */
const idle: ReturnType<typeof createRequest>[] = [];

/** A request in the making, and after it the next one. */
function createRequest() {
  const writer = createSpanWriter();
  const body = new JsonBytes(REQUEST_BYTES);
  let frame: RequestFrame;
  let traceId = "";
  let spanIds: string[] = [];
  let size = 0;
  /** Where the first span begins. */
  let first = body.mark();
  /** Where the last span ends that was added. */
  let end = first;
  /** Where the one begins that was written last. */
  let last = first;
  /** @param around what stands around the spans of each request from now on */
  const begin = (around: RequestFrame): void => {
    frame = around;
    body.clear();
    body.bytes(frame.head);
    first = body.mark();
    end = first;
  };
  return {
    begin,
    spans: (): number => spanIds.length,
    /** About how large it is, in bytes. */
    size: (): number => size,
    /**
     * Writes a span, in the place of one that was not added: only when its size is known it is known in which request
     * it stands.
     *
     * @returns about how large it is, in bytes
     */
    write(next: SpanToWrite): number {
      body.rewind(end);
      if (spanIds.length > 0) body.byte(COMMA);
      last = body.mark();
      return writer.write(next, body);
    },
    /** Adds the span that was written last. */
    add(span: SpanToWrite, bytes: number): void {
      end = body.mark();
      traceId = span.traceId;
      spanIds.push(span.spanId);
      size += bytes;
    },
    /** @returns what has been added; what was written since then stays, for the next request */
    close(): OtlpRequest {
      // Where nothing was written since then, nothing stays but what stands around the spans.
      const stays = body.length > end.length ? last : end;
      const request = { body: body.take(end, frame.tail, first, stays), traceId, spanIds };
      spanIds = [];
      size = 0;
      // Whoever gets the request may be long at sending it.
      body.trim();
      end = first;
      return request;
    },
  };
}

const COMMA = 0x2c;

/** Room for a request of the usual size: one that grew into it would have taken as much again on its way. */
const REQUEST_BYTES = 4 * 1024 * 1024;

/** Langfuse takes larger ones, but its database and what stands before it may not: it warns from 9.5 MB on. */
const DEFAULT_SPAN_BYTES = 8 * 1024 * 1024;

/** Nothing is cut to less: a span that is still too large then has very many texts. */
const SHORTEST_TEXT = 1_000;

/**
 * Describes single spans anew, with texts that are shortened more and more; the caller stops when they fit. Heads and
 * tails of the texts stay, and how long each was.
 */
function shortening(
  options: TraceOptions,
  describe: (options: TraceOptions) => Iterable<readonly SpanToDescribe[]>,
): (span: SpanToWrite) => Generator<SpanToWrite> {
  // A trace with one such span often has more of them.
  const byLimit = new Map<number, ReadonlyMap<string, SpanToDescribe>>();
  return function* ({ spanId }) {
    let textLimit = options.textLimit ?? DEFAULT_TEXT_LIMIT;
    while (textLimit > SHORTEST_TEXT) {
      textLimit = Math.max(SHORTEST_TEXT, Math.floor(textLimit / 4));
      const toDescribe =
        byLimit.get(textLimit) ??
        new Map([...describe({ ...options, textLimit })].flat().map((one) => [one.spanId, one]));
      byLimit.set(textLimit, toDescribe);
      const one = toDescribe.get(spanId);
      if (one) yield one.describe();
    }
  };
}
