import { defined } from "../text/json-fields.js";
import { answerOf } from "../wire/answer-of.js";
import type { WireExchange } from "../wire/model.js";
import type { CallOutput } from "./model.js";
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

/** What a recorded answer said, as a field; none where it was not recorded, or said nothing. */
export function recordedOutput({ exchange }: { readonly exchange?: WireExchange }): { readonly output?: CallOutput } {
  const answer = exchange && answerOf(exchange);
  if (!answer) return {};
  const { text, thinking, toolCalls } = answer;
  if (text === "" && thinking === "" && toolCalls.length === 0) return {};
  return {
    output: {
      thinking: thinking === "" ? null : thinking,
      text: text === "" ? null : text,
      toolCalls: toolCalls.map(({ id, name, arguments: json }, index) => ({
        id: id ?? String(index),
        name,
        arguments: parsedOr(json),
      })),
    },
  };
}

/** Arguments that were broken off stay the text that they are. */
function parsedOr(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
