import { LANGFUSE_SDK_VERSION, LANGFUSE_TRACER_NAME } from "@langfuse/core";
import { trace as api, type HrTime, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  type IdGenerator,
  type ReadableSpan,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import {
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_TYPE,
  ATTR_SERVICE_NAME,
  ATTR_TELEMETRY_SDK_LANGUAGE,
  ATTR_TELEMETRY_SDK_NAME,
  TELEMETRY_SDK_LANGUAGE_VALUE_NODEJS,
} from "@opentelemetry/semantic-conventions";
import { cleanText, DEFAULT_TEXT_LIMIT } from "./clean-value.js";
import type { TraceOptions } from "./options.js";
import type { SpanData } from "./span-data.js";

/**
 * Makes the OTel SDK's own spans, ended, with the given ids and times.
 *
 * The SDK's batching processors are not in the way: a queue that drops what it cannot hold is no use to a caller who
 * has the whole trace in hand.
 *
 * @returns a function from a span's data to the ended span; all its spans share one resource and one scope
 */
export function spanMaker(options: TraceOptions): (item: SpanData) => ReadableSpan {
  const ids = new GivenIds();
  const ended: ReadableSpan[] = [];
  const collect: SpanProcessor = {
    onStart: () => undefined,
    onEnd: (span) => void ended.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const unlimited = {
    attributeCountLimit: Number.MAX_SAFE_INTEGER,
    attributeValueLengthLimit: Number.POSITIVE_INFINITY,
  };
  const clean = (text: string): string => cleanText(text, DEFAULT_TEXT_LIMIT);
  const given = Object.entries(options.resourceAttributes ?? {});
  const provider = new BasicTracerProvider({
    idGenerator: ids,
    sampler: new AlwaysOnSampler(),
    spanProcessors: [collect],
    // The environment's OTEL_SPAN_* limits are for other people's spans: this trace is sent whole.
    generalLimits: unlimited,
    spanLimits: { ...unlimited, eventCountLimit: 1, attributePerEventCountLimit: 2 },
    resource: resourceFromAttributes({
      [ATTR_TELEMETRY_SDK_LANGUAGE]: TELEMETRY_SDK_LANGUAGE_VALUE_NODEJS,
      [ATTR_TELEMETRY_SDK_NAME]: "opentelemetry",
      ...Object.fromEntries(given.map(([key, value]) => [clean(key), clean(value)])),
      [ATTR_SERVICE_NAME]: clean(options.serviceName ?? "looptrace"),
    }),
  });
  // With any other scope name than the Langfuse SDK's, Langfuse copies every attribute into the metadata once more.
  const tracer = provider.getTracer(LANGFUSE_TRACER_NAME, LANGFUSE_SDK_VERSION);
  return (item) => {
    ids.next = item;
    const parent = item.parent
      ? api.setSpanContext(ROOT_CONTEXT, {
          traceId: item.traceId,
          spanId: item.parent.spanId,
          traceFlags: TraceFlags.SAMPLED,
          isRemote: item.parent.remote,
        })
      : ROOT_CONTEXT;
    const span = tracer.startSpan(
      item.name,
      {
        kind: item.kind === "client" ? SpanKind.CLIENT : SpanKind.INTERNAL,
        startTime: hrTime(item.start),
        attributes: item.attributes,
      },
      parent,
    );
    if (item.exception) {
      const { type, message, at } = item.exception;
      span.addEvent("exception", { [ATTR_EXCEPTION_TYPE]: type, [ATTR_EXCEPTION_MESSAGE]: message }, hrTime(at));
    }
    if (item.errorMessage !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: item.errorMessage });
    span.end(hrTime(item.end));
    const made = ended.pop();
    if (!made) throw new Error(`the OpenTelemetry SDK kept back the span ${item.name} (${item.spanId})`);
    return made;
  };
}

class GivenIds implements IdGenerator {
  next: { readonly traceId: string; readonly spanId: string } = { traceId: "", spanId: "" };
  generateTraceId = (): string => this.next.traceId;
  generateSpanId = (): string => this.next.spanId;
}

/** The SDK takes a bare number below its own start time for a reading of the performance clock, hence the pair. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1_000_000)];
}
