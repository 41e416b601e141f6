import type { WireExchange } from "../model.js";
import { parseRequest } from "../protocol/parse-request.js";
import type { ParsedRequest } from "../protocol/parsed-request.js";
import type { Segment } from "../segment.js";
import type { OwnerFacts } from "./owner-facts.js";
import { inPromptOrder } from "./prompt-order.js";
import { segmentsOfRequest } from "./segments-of.js";

/** A request with its parts in the order in which the model reads them. */
export interface SentRequest {
  readonly request: ParsedRequest;
  /** Without what stands between texts. */
  readonly parts: readonly Segment[];
  /** ms since the epoch. */
  readonly sentAt: number;
}

/** @returns null where the body was not recorded, or is of no protocol that is known */
export function readRequest(exchange: WireExchange, owners: OwnerFacts): SentRequest | null {
  const request = parseRequest(exchange);
  if (!request) return null;
  const read = segmentsOfRequest(request, owners).filter(({ owner }) => owner.kind !== "rest");
  return { request, parts: inPromptOrder(read, ({ owner }) => owner), sentAt: exchange.sentAt };
}
