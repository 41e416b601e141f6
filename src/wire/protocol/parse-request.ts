import type { WireBody, WireExchange } from "../model.js";
import { commonStartOf } from "../recording/kept-bodies.js";
import { anthropicRequest } from "./anthropic-request.js";
import { bedrockRequest } from "./bedrock-request.js";
import { chatCompletionsRequest } from "./chat-completions-request.js";
import { geminiRequest } from "./gemini-request.js";
import { BodyReader } from "./json-fields.js";
import { type JsonNode, readJsonTree } from "./json-tree.js";
import type { ParsedRequest, Protocol, RequestMessage } from "./parsed-request.js";
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
  return new RequestReader().read(exchange);
}

/**
 * Reads requests one after the other. What a request has in common with the one before it is read once, and its
 * messages are the same objects: a session's requests are its beginning again and again.
 */
export class RequestReader {
  #before: { readonly body: WireBody; readonly text: string; readonly root: JsonNode } | undefined;
  readonly #messages = new WeakMap<JsonNode, RequestMessage>();
  #protocol: Protocol | undefined;

  /** As `parseRequest`. */
  read(exchange: Pick<WireExchange, "url" | "body">): ParsedRequest | null {
    const { body, url } = exchange;
    const { text } = body;
    if (text === null) return null;
    const before = this.#before;
    const root = readJsonTree(text, before && { root: before.root, alike: commonStartOf(before, body, text) });
    if (root?.kind !== "object") return null;
    this.#before = { body, text, root };
    const plain = new BodyReader(text);
    const protocol = protocolOfUrl(url) ?? protocolOfBody(plain, root);
    if (!protocol) return null;
    // A message is what the protocol says that it is.
    const reader =
      this.#protocol === undefined || protocol === this.#protocol ? new BodyReader(text, this.#messages) : plain;
    this.#protocol ??= protocol;
    const request = READERS[protocol](reader, root);
    return { ...request, model: request.model ?? modelOfUrl(url) };
  }
}
