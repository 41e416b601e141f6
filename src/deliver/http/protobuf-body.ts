import type { SpanContext } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { z } from "zod";
import { defined } from "../../text/json-fields.js";
import { attributes, count, time } from "./otlp-values.js";

/** The low byte holds the W3C flags, the bit above the mask says whether the parent is in another process. */
const IS_REMOTE = 0x200;

const context = z.object({
  traceId: z.string().default(""),
  spanId: z.string().default(""),
  flags: z.number().int().default(0),
});

const span = context.extend({
  parentSpanId: z.string().default(""),
  name: z.string().default(""),
  kind: z.number().int().default(0),
  startTimeUnixNano: time,
  endTimeUnixNano: time,
  attributes,
  droppedAttributesCount: count,
  events: z
    .array(z.object({ timeUnixNano: time, name: z.string().default(""), attributes, droppedAttributesCount: count }))
    .default([]),
  droppedEventsCount: count,
  links: z.array(context.extend({ attributes, droppedAttributesCount: count })).default([]),
  droppedLinksCount: count,
  status: z.object({ code: z.number().int().default(0), message: z.string().optional() }).default({ code: 0 }),
});

const exportRequest = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }).default({ attributes: {} }),
      schemaUrl: z.string().optional(),
      scopeSpans: z.array(
        z.object({
          scope: z.object({ name: z.string().default(""), version: z.string().optional() }).default({ name: "" }),
          schemaUrl: z.string().optional(),
          spans: z.array(span),
        }),
      ),
    }),
  ),
});

/**
 * The same ExportTraceServiceRequest as protobuf. What waits in the outbox stays JSON, which can be looked at and taken
 * apart; the same JSON gives the same bytes, so that a retry is one.
 *
 * @param body an ExportTraceServiceRequest as JSON
 * @throws {Error} when it is none, or holds values that looptrace itself never writes
 */
export async function protobufBody(body: Uint8Array): Promise<Uint8Array> {
  const [{ ProtobufTraceSerializer }, { resourceFromAttributes }] = await Promise.all([
    import("@opentelemetry/otlp-transformer"),
    import("@opentelemetry/resources"),
  ]);
  const request = exportRequest.parse(JSON.parse(new TextDecoder().decode(body)));
  const spans = request.resourceSpans.flatMap((group) => {
    // The serialiser groups by identity.
    const resource = resourceFromAttributes(group.resource.attributes, defined({ schemaUrl: group.schemaUrl }));
    return group.scopeSpans.flatMap((scoped) => {
      const { name, version } = scoped.scope;
      const instrumentationScope = { name, ...defined({ version, schemaUrl: scoped.schemaUrl }) };
      return scoped.spans.map((span): ReadableSpan => ({ ...readable(span), resource, instrumentationScope }));
    });
  });
  const bytes = ProtobufTraceSerializer.serializeRequest(spans);
  if (bytes === undefined) throw new Error("the OTLP serialiser gave no bytes");
  return bytes;
}

/** The span as the SDK has it, from which it was written. */
function readable(written: z.output<typeof span>): Omit<ReadableSpan, "resource" | "instrumentationScope"> {
  const { parentSpanId, status, kind } = written;
  const own = contextOf(written);
  return {
    name: written.name,
    // The SDK counts from 0, OTLP from 1.
    kind: kind - 1,
    spanContext: () => own,
    ...(parentSpanId === "" ? {} : { parentSpanContext: { ...own, spanId: parentSpanId } }),
    startTime: written.startTimeUnixNano,
    endTime: written.endTimeUnixNano,
    duration: [0, 0],
    ended: true,
    status: { code: status.code, ...defined({ message: status.message }) },
    attributes: written.attributes,
    droppedAttributesCount: written.droppedAttributesCount,
    events: written.events.map(({ timeUnixNano, ...event }) => ({ ...event, time: timeUnixNano })),
    droppedEventsCount: written.droppedEventsCount,
    links: written.links.map((link) => ({ ...link, context: contextOf(link) })),
    droppedLinksCount: written.droppedLinksCount,
  };
}

function contextOf({ traceId, spanId, flags }: z.output<typeof context>): SpanContext {
  return { traceId, spanId, traceFlags: flags & 0xff, isRemote: (flags & IS_REMOTE) !== 0 };
}
