import { z } from "zod";

/** A span as it goes on the wire. */
export interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** null for a root. */
  readonly parentSpanId: string | null;
  readonly name: string;
  /** ms since the epoch, cut to whole ones: that is all that Langfuse keeps. */
  readonly start: number;
  readonly end: number;
  readonly status: { readonly isError: boolean; readonly message: string | null };
  readonly attributes: ReadonlyMap<string, string | number | boolean | readonly string[]>;
}

const value = z.union([
  z.object({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
  z.object({ boolValue: z.boolean() }).transform(({ boolValue }) => boolValue),
  z.object({ intValue: z.coerce.number() }).transform(({ intValue }) => intValue),
  z.object({ doubleValue: z.coerce.number() }).transform(({ doubleValue }) => doubleValue),
  z
    .object({ arrayValue: z.object({ values: z.array(z.object({ stringValue: z.coerce.string() })).default([]) }) })
    .transform(({ arrayValue }) => arrayValue.values.map(({ stringValue }) => stringValue)),
]);

const millis = z.coerce.bigint().transform((nanos) => Number(nanos / 1_000_000n));

const span = z
  .object({
    traceId: z.string(),
    spanId: z.string(),
    parentSpanId: z.string().default(""),
    name: z.string(),
    startTimeUnixNano: millis,
    endTimeUnixNano: millis,
    status: z
      .object({ code: z.number().default(0), message: z.string().default("") })
      .default({ code: 0, message: "" }),
    attributes: z.array(z.object({ key: z.string(), value })).default([]),
  })
  .transform(
    ({ parentSpanId, startTimeUnixNano, endTimeUnixNano, status, attributes, ...rest }): SentSpan => ({
      ...rest,
      parentSpanId: parentSpanId === "" ? null : parentSpanId,
      start: startTimeUnixNano,
      end: endTimeUnixNano,
      status: { isError: status.code === 2, message: status.message === "" ? null : status.message },
      attributes: new Map(attributes.map(({ key, value: given }) => [key, given])),
    }),
  );

const request = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(span) })) })),
});

/** The spans of an ExportTraceServiceRequest as looptrace encodes it. */
export function sentSpans(body: Uint8Array): readonly SentSpan[] {
  const { resourceSpans } = request.parse(JSON.parse(new TextDecoder().decode(body)));
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}
