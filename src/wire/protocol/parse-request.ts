import type { WireExchange } from "../model.js";
import { anthropicRequest } from "./anthropic-request.js";
import { bedrockRequest } from "./bedrock-request.js";
import { chatCompletionsRequest } from "./chat-completions-request.js";
import { geminiRequest } from "./gemini-request.js";
import { BodyReader } from "./json-fields.js";
import { type JsonNode, readJsonTree } from "./json-tree.js";
import type { ParsedRequest, Protocol } from "./parsed-request.js";
import { modelOfUrl, protocolOfBody, protocolOfUrl } from "./protocol-of.js";
import { responsesRequest } from "./responses-request.js";

const READERS: Readonly<Record<Protocol, (reader: BodyReader, root: JsonNode) => ParsedRequest>> = {
  "openai-chat": chatCompletionsRequest,
  "openai-responses": responsesRequest,
  "anthropic-messages": anthropicRequest,
  gemini: geminiRequest,
  "bedrock-converse": bedrockRequest,
};

/**
 * What a request says, with the place of each part in its body. What it does not know it leaves out, so that a
 * provider's additions do no harm.
 *
 * @returns null where the body was not recorded, is no JSON, or is of no protocol that is known
 */
export function parseRequest(exchange: Pick<WireExchange, "url" | "body">): ParsedRequest | null {
  const { text } = exchange.body;
  const root = text === null ? null : readJsonTree(text);
  if (text === null || root?.kind !== "object") return null;
  const reader = new BodyReader(text);
  const protocol = protocolOfUrl(exchange.url) ?? protocolOfBody(reader, root);
  if (!protocol) return null;
  const request = READERS[protocol](reader, root);
  return { ...request, model: request.model ?? modelOfUrl(exchange.url) };
}
