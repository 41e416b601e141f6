import { defined } from "../text/json-fields.js";
import { answerOf } from "../wire/answer-of.js";
import type { WireExchange } from "../wire/model.js";
import type { WireFacts } from "./wire-facts.js";

/** The names that providers and gateways give a request's id, the provider's own first. */
const REQUEST_IDS = [
  "x-request-id",
  "request-id",
  "x-amzn-requestid",
  "apim-request-id",
  "x-goog-request-id",
  "x-generation-id",
  "cf-ray",
] as const;

/** What the wire tells of a request, without what it is made of. */
export function wireFactsOf(exchange: WireExchange): WireFacts {
  const { response, body, end } = exchange;
  const headers = response?.headers ?? {};
  const answer = answerOf(exchange);
  return {
    exchangeId: exchange.id,
    status: response?.status ?? null,
    requestId: REQUEST_IDS.map((name) => headers[name]).find((id) => id !== undefined && id !== "") ?? null,
    ...defined({
      responseId: answer?.responseId ?? undefined,
      responseModel: answer?.model ?? undefined,
      traceparent: exchange.traceparent,
    }),
    headers,
    sentAt: exchange.sentAt,
    headersAt: response?.at ?? null,
    firstByteAt: response?.chunks[0]?.at ?? null,
    firstContentAt: answer?.firstContentAt ?? null,
    endAt: end.at,
    requestBytes: body.bytes,
    responseBytes: response?.bytes ?? 0,
    request: null,
  };
}

/** The same as a field; none where a request was not recorded. */
export function recordedWire({ exchange }: { readonly exchange?: WireExchange }): { readonly wire?: WireFacts } {
  return exchange ? { wire: wireFactsOf(exchange) } : {};
}
