import { trace as api, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  type IdGenerator,
  type ReadableSpan,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_TYPE } from "@opentelemetry/semantic-conventions";
import { hrTime } from "./hr-time.js";
import type { TraceOptions } from "./options.js";
import { spanProfile } from "./profiles.js";
import type { SpanData } from "./span-data.js";
import type { SpanProfileName } from "./span-profile.js";
import { traceResource } from "./trace-resource.js";

/**
 * Makes the OTel SDK's own spans, ended, with the given ids and times.
 *
 * The SDK's batching processors are not in the way: a queue that drops what it cannot hold is no use to a caller who
 * has the whole trace in hand.
 *
 * @returns a function from a span's data to the ended span; all its spans share one resource and one scope
 */
export function spanMaker(
  options: TraceOptions,
  profileName: SpanProfileName = "langfuse",
): (item: SpanData) => ReadableSpan {
  const { scope, resource } = spanProfile(profileName);
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
  const provider = new BasicTracerProvider({
    idGenerator: ids,
    sampler: new AlwaysOnSampler(),
    spanProcessors: [collect],
    // The environment's OTEL_SPAN_* limits are for other people's spans: this trace is sent whole.
    generalLimits: unlimited,
    spanLimits: {
      ...unlimited,
      eventCountLimit: 1,
      attributePerEventCountLimit: 2,
      linkCountLimit: Number.MAX_SAFE_INTEGER,
    },
    resource: resourceFromAttributes(traceResource(options, resource(options))),
  });
  const { schemaUrl } = scope;
  const tracer = provider.getTracer(scope.name, scope.version, schemaUrl === undefined ? {} : { schemaUrl });
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
        ...(item.links
          ? { links: item.links.map((link) => ({ context: { ...link, traceFlags: TraceFlags.NONE } })) }
          : {}),
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
