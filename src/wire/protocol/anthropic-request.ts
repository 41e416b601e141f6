import { CallNames } from "./call-names.js";
import type { BodyReader } from "./json-fields.js";
import type { JsonNode } from "./json-tree.js";
import type { ParsedRequest, RequestMessage, RequestPart } from "./parsed-request.js";
import {
  cacheMarkOf,
  messageOf,
  otherPart,
  parametersOf,
  partOf,
  resultParts,
  systemTexts,
  toolOf,
} from "./request-parts.js";

const PROMPT: ReadonlySet<string> = new Set(["model", "messages", "system", "tools"]);

/** Anthropic's messages; on Bedrock and Vertex the URL names the model. */
export function anthropicRequest(reader: BodyReader, root: JsonNode): ParsedRequest {
  const names = new CallNames();
  return {
    protocol: "anthropic-messages",
    body: reader.text,
    model: reader.stringField(root, "model"),
    parameters: parametersOf(reader, root, PROMPT),
    system: systemTexts(reader, reader.field(root, "system")),
    tools: reader
      .items(reader.field(root, "tools"))
      .map((tool) => toolOf(reader, tool, { schema: reader.field(tool, "input_schema") })),
    messages: reader
      .items(reader.field(root, "messages"))
      .map((node) => reader.message(node, names, () => messageOfNode(reader, node, names))),
  };
}

function messageOfNode(reader: BodyReader, node: JsonNode, names: CallNames): RequestMessage {
  const said = reader.stringField(node, "role");
  const role = said === "assistant" || said === "system" ? said : "user";
  const content = reader.field(node, "content");
  const parts =
    content?.kind === "string"
      ? [partOf(reader, content, { kind: "text", text: reader.asText(content) })]
      : reader.items(content).flatMap((block) => partsOfBlock(reader, block, names));
  return messageOf(reader, node, role, parts);
}

function partsOfBlock(reader: BodyReader, block: JsonNode, names: CallNames): readonly RequestPart[] {
  const type = reader.stringField(block, "type");
  switch (type) {
    case "text":
      return [partOf(reader, block, { kind: "text", text: reader.stringField(block, "text") ?? "" })];
    case "thinking": {
      const signature = reader.stringField(block, "signature") ?? "";
      const text = reader.stringField(block, "thinking") ?? "";
      return [partOf(reader, block, { kind: "thinking", text, sealed: signature.length })];
    }
    case "redacted_thinking": {
      const sealed = (reader.stringField(block, "data") ?? "").length;
      return [partOf(reader, block, { kind: "thinking", text: "", sealed })];
    }
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use": {
      const callId = reader.stringField(block, "id");
      const tool = reader.stringField(block, "name") ?? "";
      names.set(callId, tool);
      return [
        partOf(reader, block, { kind: "tool-call", tool, callId, text: reader.asText(reader.field(block, "input")) }),
      ];
    }
    case "image":
    case "document": {
      const mime =
        reader.stringField(reader.field(block, "source"), "media_type") ?? (type === "image" ? "image/*" : null);
      return [partOf(reader, block, { kind: "attachment", mime, filename: reader.stringField(block, "title") })];
    }
    default: {
      const callId = reader.stringField(block, "tool_use_id");
      if (callId === null) return [otherPart(reader, block)];
      const facts = { tool: names.get(callId), callId, cacheMark: cacheMarkOf(reader, block) };
      return resultParts(reader, block, reader.field(block, "content"), facts, (item) => {
        const text = reader.stringField(item, "text");
        if (text !== null) return { text };
        const [part] = partsOfBlock(reader, item, names);
        return part?.kind === "attachment" ? { part } : { text: reader.raw(item) };
      });
    }
  }
}
