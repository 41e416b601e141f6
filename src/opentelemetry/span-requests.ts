import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { type Masking, maskFor } from "../masking/mask.js";
import { cleanAttributes, cleanText, DEFAULT_TEXT_LIMIT } from "../otel/clean-value.js";
import type { OtlpRequest } from "../otel/otlp-request.js";
import { defined } from "../text/json-fields.js";

/** As the SDK's own batches. */
const MOST_SPANS = 512;

/**
 * Spans of any program as requests, each of one trace, in the order of the spans; secrets are masked in their texts, and
 * in those of their resources, where a detector may have put the command line.
 */
export async function spanRequests(spans: readonly ReadableSpan[], masking: Masking): Promise<readonly OtlpRequest[]> {
  const plain = spans.map(plainSpan);
  const texts = plain.map(textsOf);
  const said = [...new Set(spans.map(({ resource }) => resource))].map((resource) => {
    return { resource, attributes: cleanAttributes(resource.attributes, DEFAULT_TEXT_LIMIT) };
  });
  const mask = await maskFor([texts, said.map(({ attributes }) => attributes)], masking);
  // One for all of its spans, which go together.
  const resources = new Map(
    said.map(({ resource, attributes }) => [
      resource,
      resourceFromAttributes(mask(attributes), defined({ schemaUrl: resource.schemaUrl })),
    ]),
  );
  const masked = plain.map((span, index) => ({
    ...span,
    ...mask(texts[index] ?? textsOf(span)),
    resource: resources.get(span.resource) ?? span.resource,
  }));
  return [...byTrace(masked).values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / MOST_SPANS) }, (_, index) =>
      requestOf(group.slice(index * MOST_SPANS, (index + 1) * MOST_SPANS)),
    ),
  );
}

function requestOf(spans: readonly ReadableSpan[]): OtlpRequest {
  const body = JsonTraceSerializer.serializeRequest([...spans]);
  const traceId = spans[0]?.spanContext().traceId;
  if (!body || traceId === undefined) throw new Error("the OTLP serialiser gave no bytes for spans");
  return { body, traceId, spanIds: spans.map((span) => span.spanContext().spanId) };
}

function byTrace(spans: readonly ReadableSpan[]): ReadonlyMap<string, readonly ReadableSpan[]> {
  const groups = new Map<string, ReadableSpan[]>();
  for (const span of spans) {
    const { traceId } = span.spanContext();
    const group = groups.get(traceId);
    if (group) group.push(span);
    else groups.set(traceId, [span]);
  }
  return groups;
}

type Texts = Pick<ReadableSpan, "name" | "attributes" | "status" | "events" | "links">;

function textsOf({ name, attributes, status, events, links }: ReadableSpan): Texts {
  return { name, attributes, status, events, links };
}

/** The SDK's span is an object of a class, with methods; this has its fields, with texts that fit on the wire. */
function plainSpan(span: ReadableSpan): ReadableSpan {
  const context = span.spanContext();
  const clean = (text: string): string => cleanText(text, DEFAULT_TEXT_LIMIT);
  const { message } = span.status;
  return {
    name: clean(span.name),
    kind: span.kind,
    spanContext: () => context,
    ...(span.parentSpanContext ? { parentSpanContext: span.parentSpanContext } : {}),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    status: message === undefined ? span.status : { ...span.status, message: clean(message) },
    attributes: cleanAttributes(span.attributes, DEFAULT_TEXT_LIMIT),
    events: span.events.map((event) => ({
      ...event,
      name: clean(event.name),
      ...(event.attributes ? { attributes: cleanAttributes(event.attributes, DEFAULT_TEXT_LIMIT) } : {}),
    })),
    links: span.links.map((link) => ({
      ...link,
      ...(link.attributes ? { attributes: cleanAttributes(link.attributes, DEFAULT_TEXT_LIMIT) } : {}),
    })),
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}
