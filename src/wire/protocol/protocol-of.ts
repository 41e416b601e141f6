import type { BodyReader } from "./json-fields.js";
import type { JsonNode } from "./json-tree.js";
import type { Protocol } from "./parsed-request.js";

/** How the paths of the protocols end. Claude's own is asked for on Bedrock and Vertex too. */
const PATHS: readonly (readonly [ending: RegExp, protocol: Protocol])[] = [
  [/\/chat\/completions$/, "openai-chat"],
  [/\/responses(\/compact)?$/, "openai-responses"],
  [/\/messages$/, "anthropic-messages"],
  [/:(stream)?rawPredict$/i, "anthropic-messages"],
  [/\/model\/[^/]+\/invoke(-with-response-stream)?$/, "anthropic-messages"],
  [/:(stream)?generateContent$/i, "gemini"],
  [/\/model\/[^/]+\/converse(-stream)?$/, "bedrock-converse"],
];

/** The protocol that a URL's path is of; null where it says nothing. */
export function protocolOfUrl(url: string): Protocol | null {
  const path = pathOf(url);
  return PATHS.find(([ending]) => ending.test(path))?.[1] ?? null;
}

/** The protocol that a body has the shape of; null where it is of none that is known. */
export function protocolOfBody(reader: BodyReader, root: JsonNode): Protocol | null {
  const has = (name: string): boolean => reader.field(root, name) !== undefined;
  if (has("contents") || reader.field(reader.field(root, "request"), "contents")) return "gemini";
  if (has("messages")) {
    if (has("inferenceConfig") || has("toolConfig") || has("additionalModelRequestFields")) return "bedrock-converse";
    // Chat completions have their system prompt among the messages.
    return has("system") || has("anthropic_version") ? "anthropic-messages" : "openai-chat";
  }
  return has("input") && has("model") ? "openai-responses" : null;
}

/** The model that a URL names, as Gemini's and Bedrock's do. */
export function modelOfUrl(url: string): string | null {
  const [, found] = /\/models?\/([^/:]+(?::\d+)?)(?:[:/][\w-]+)$/.exec(pathOf(url)) ?? [];
  return found ?? null;
}

function pathOf(url: string): string {
  const path = /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? url;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
