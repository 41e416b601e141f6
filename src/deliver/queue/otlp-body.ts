import { z } from "zod";

const exportRequest = z.looseObject({
  resourceSpans: z.array(z.looseObject({ scopeSpans: z.array(z.looseObject({ spans: z.array(z.looseObject({})) })) })),
});

/** Which span it is. */
export interface SpanRef {
  readonly traceId: string;
  readonly spanId: string;
}

/**
 * The spans in an ExportTraceServiceRequest, in the order of the body.
 *
 * @throws {Error} when the bytes are not such a request
 */
export function spansIn(body: Uint8Array): readonly SpanRef[] {
  return parseBody(body).resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map(spanRef)),
  );
}

/**
 * The same request with some of its spans only. Groups that become empty are left out; everything else, also what
 * looptrace does not know, stays as it is.
 *
 * @param keep decides for each span
 * @throws {Error} when the bytes are not such a request
 */
export function pickSpans(body: Uint8Array, keep: (span: SpanRef) => boolean): Uint8Array {
  const request = parseBody(body);
  const resourceSpans = request.resourceSpans
    .map((group) => ({
      ...group,
      scopeSpans: group.scopeSpans
        .map((scope) => ({ ...scope, spans: scope.spans.filter((span) => keep(spanRef(span))) }))
        .filter(({ spans }) => spans.length > 0),
    }))
    .filter(({ scopeSpans }) => scopeSpans.length > 0);
  return new TextEncoder().encode(JSON.stringify({ ...request, resourceSpans }));
}

function parseBody(body: Uint8Array): z.output<typeof exportRequest> {
  return exportRequest.parse(JSON.parse(new TextDecoder().decode(body)));
}

/** A span without ids is what a server refuses, and has to be found like any other malformed one. */
function spanRef({ traceId, spanId }: Readonly<Record<string, unknown>>): SpanRef {
  return { traceId: typeof traceId === "string" ? traceId : "", spanId: typeof spanId === "string" ? spanId : "" };
}
