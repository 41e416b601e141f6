import { CallNames } from "./call-names.js";
import type { BodyReader } from "./json-fields.js";
import type { JsonNode } from "./json-tree.js";
import type { ParsedRequest, RequestMessage, RequestPart, SystemText } from "./parsed-request.js";
import {
  cacheMarkOf,
  messageOf,
  mimeOfDataUrl,
  otherPart,
  parametersOf,
  partOf,
  resultParts,
  systemTexts,
  toolOf,
} from "./request-parts.js";

const PROMPT: ReadonlySet<string> = new Set(["model", "messages", "tools", "functions"]);

/** OpenAI's chat completions, and what compatible providers add to them. */
export function chatCompletionsRequest(reader: BodyReader, root: JsonNode): ParsedRequest {
  const names = new CallNames();
  const system: SystemText[] = [];
  const messages: RequestMessage[] = [];
  for (const node of reader.items(reader.field(root, "messages"))) {
    const role = roleOf(reader.stringField(node, "role"));
    const content = reader.field(node, "content");
    // One that comes later is told in between, not before all.
    if (role === "system" && messages.length === 0) system.push(...systemTexts(reader, content));
    else {
      const read = () => messageOf(reader, node, role, [...partsOf(reader, node, role, names)]);
      messages.push(reader.message(node, names, read));
    }
  }
  return {
    protocol: "openai-chat",
    body: reader.text,
    model: reader.stringField(root, "model"),
    parameters: parametersOf(reader, root, PROMPT),
    system,
    tools: reader.items(reader.field(root, "tools")).map((tool) => {
      const declaration = reader.field(tool, "function") ?? tool;
      return toolOf(reader, tool, { declaration, schema: reader.field(declaration, "parameters") });
    }),
    messages,
  };
}

function roleOf(role: string | null): RequestMessage["role"] {
  if (role === "developer" || role === "system") return "system";
  if (role === "assistant") return "assistant";
  return role === "tool" || role === "function" ? "tool" : "user";
}

function* partsOf(
  reader: BodyReader,
  node: JsonNode,
  role: RequestMessage["role"],
  names: CallNames,
): Generator<RequestPart> {
  const content = reader.field(node, "content");
  if (role === "tool") {
    const callId = reader.stringField(node, "tool_call_id");
    const tool = reader.stringField(node, "name") ?? names.get(callId);
    const facts = { tool, callId, cacheMark: cacheMarkOf(reader, node) };
    yield* resultParts(reader, node, content, facts, (item) => {
      const part = contentPart(reader, item);
      return part.kind === "text" ? { text: part.text } : { part };
    });
    return;
  }
  // Providers have several names for it; opencode sends back what the model's settings say.
  for (const name of ["reasoning_content", "reasoning_text", "reasoning"]) {
    const thinking = reader.field(node, name);
    if (thinking?.kind === "string") {
      yield partOf(reader, thinking, { kind: "thinking", text: reader.asText(thinking), sealed: 0 });
    }
  }
  const details = reader.field(node, "reasoning_details");
  if (details) yield partOf(reader, details, { kind: "thinking", text: "", sealed: details.to - details.from });
  if (content?.kind === "string") {
    const text = reader.asText(content);
    // A message that only calls tools has an empty one.
    if (text !== "" || role !== "assistant") yield partOf(reader, content, { kind: "text", text });
  }
  for (const item of reader.items(content)) yield contentPart(reader, item);
  for (const call of reader.items(reader.field(node, "tool_calls"))) {
    const called = reader.field(call, "function") ?? reader.field(call, "custom");
    const callId = reader.stringField(call, "id");
    const tool = reader.stringField(called, "name") ?? "";
    names.set(callId, tool);
    const text = reader.asText(reader.field(called, "arguments") ?? reader.field(called, "input"));
    yield partOf(reader, call, { kind: "tool-call", tool, callId, text });
  }
}

function contentPart(reader: BodyReader, item: JsonNode): RequestPart {
  const text = reader.stringField(item, "text") ?? reader.stringField(item, "refusal");
  if (text !== null) return partOf(reader, item, { kind: "text", text });
  const image = reader.field(item, "image_url");
  if (image) {
    const url = reader.string(image) ?? reader.stringField(image, "url");
    return partOf(reader, item, { kind: "attachment", mime: mimeOfDataUrl(url) ?? "image/*", filename: null });
  }
  const file = reader.field(item, "file");
  if (file) {
    const mime = mimeOfDataUrl(reader.stringField(file, "file_data"));
    return partOf(reader, item, { kind: "attachment", mime, filename: reader.stringField(file, "filename") });
  }
  const audio = reader.field(item, "input_audio");
  if (audio) {
    const format = reader.stringField(audio, "format");
    return partOf(reader, item, { kind: "attachment", mime: format && `audio/${format}`, filename: null });
  }
  return otherPart(reader, item);
}
