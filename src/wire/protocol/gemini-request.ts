import { CallNames } from "./call-names.js";
import type { BodyReader } from "./json-fields.js";
import type { JsonNode } from "./json-tree.js";
import type { ParsedRequest, RequestPart } from "./parsed-request.js";
import { messageOf, otherPart, parametersOf, partOf, systemTexts, toolOf } from "./request-parts.js";

const PROMPT: ReadonlySet<string> = new Set(["model", "contents", "systemInstruction", "system_instruction", "tools"]);

/** Gemini's generateContent. Its JSON may have names with underscores too. */
export function geminiRequest(reader: BodyReader, document: JsonNode): ParsedRequest {
  const names = new CallNames();
  // Code Assist wraps it.
  const wrapped = reader.field(document, "request");
  const root = reader.field(wrapped, "contents") && wrapped ? wrapped : document;
  const either = (node: JsonNode | undefined, one: string, other: string): JsonNode | undefined =>
    reader.field(node, one) ?? reader.field(node, other);
  const instruction = either(root, "systemInstruction", "system_instruction");
  return {
    protocol: "gemini",
    body: reader.text,
    model: reader.stringField(document, "model"),
    parameters: parametersOf(reader, root, PROMPT),
    system: systemTexts(reader, instruction?.kind === "string" ? instruction : reader.field(instruction, "parts")),
    tools: reader.items(reader.field(root, "tools")).flatMap((group) => {
      const declared = reader.items(either(group, "functionDeclarations", "function_declarations"));
      if (declared.length === 0) return [toolOf(reader, group, { schema: undefined })];
      return declared.map((tool) =>
        toolOf(reader, tool, { schema: either(tool, "parameters", "parametersJsonSchema") }),
      );
    }),
    messages: reader.items(reader.field(root, "contents")).map((node) =>
      reader.message(node, names, () => {
        const role = reader.stringField(node, "role") === "model" ? "assistant" : "user";
        const parts = reader.items(reader.field(node, "parts")).map((part) => contentPart(reader, part, either));
        return messageOf(reader, node, role, parts);
      }),
    ),
  };
}

function contentPart(
  reader: BodyReader,
  node: JsonNode,
  either: (node: JsonNode | undefined, one: string, other: string) => JsonNode | undefined,
): RequestPart {
  const text = reader.stringField(node, "text");
  if (text !== null) {
    const signature = reader.string(either(node, "thoughtSignature", "thought_signature")) ?? "";
    return reader.isTrue(reader.field(node, "thought"))
      ? partOf(reader, node, { kind: "thinking", text, sealed: signature.length })
      : partOf(reader, node, { kind: "text", text });
  }
  const call = either(node, "functionCall", "function_call");
  if (call) {
    const tool = reader.stringField(call, "name") ?? "";
    const args = reader.asText(reader.field(call, "args"));
    return partOf(reader, node, { kind: "tool-call", tool, callId: reader.stringField(call, "id"), text: args });
  }
  const answer = either(node, "functionResponse", "function_response");
  if (answer) {
    const response = reader.field(answer, "response");
    const content = reader.field(response, "content") ?? reader.field(response, "output") ?? response;
    const [tool, callId] = [reader.stringField(answer, "name"), reader.stringField(answer, "id")];
    return partOf(reader, node, { kind: "tool-result", tool, callId, text: reader.asText(content) });
  }
  const data = either(node, "inlineData", "inline_data") ?? either(node, "fileData", "file_data");
  if (data) {
    const mime = reader.string(either(data, "mimeType", "mime_type"));
    const filename = reader.string(either(data, "displayName", "display_name"));
    return partOf(reader, node, { kind: "attachment", mime, filename });
  }
  return otherPart(reader, node);
}
