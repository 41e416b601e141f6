import { CallNames } from "./call-names.js";
import type { BodyReader } from "./json-fields.js";
import type { JsonNode } from "./json-tree.js";
import type { ParsedRequest, RequestMessage, RequestPart, SystemText } from "./parsed-request.js";
import {
  messageOf,
  mimeOfDataUrl,
  otherPart,
  parametersOf,
  partOf,
  resultParts,
  systemTexts,
  toolOf,
} from "./request-parts.js";

const PROMPT: ReadonlySet<string> = new Set(["model", "input", "instructions", "tools"]);

/** OpenAI's Responses. */
export function responsesRequest(reader: BodyReader, root: JsonNode): ParsedRequest {
  const names = new CallNames();
  const system: SystemText[] = [...systemTexts(reader, reader.field(root, "instructions"))];
  const messages: RequestMessage[] = [];
  const input = reader.field(root, "input");
  if (input?.kind === "string") {
    const part = partOf(reader, input, { kind: "text", text: reader.asText(input) });
    messages.push(messageOf(reader, input, "user", [part]));
  }
  for (const item of reader.items(input)) {
    const role = reader.stringField(item, "role");
    const isSystem = role === "system" || role === "developer";
    if (isSystem && messages.length === 0) system.push(...systemTexts(reader, reader.field(item, "content")));
    else {
      const read = () => messageOfItem(reader, item, isSystem ? "system" : role, names);
      messages.push(reader.message(item, names, read));
    }
  }
  return {
    protocol: "openai-responses",
    body: reader.text,
    model: reader.stringField(root, "model"),
    parameters: parametersOf(reader, root, PROMPT),
    system,
    tools: reader
      .items(reader.field(root, "tools"))
      .map((tool) => toolOf(reader, tool, { schema: reader.field(tool, "parameters") })),
    messages,
  };
}

function messageOfItem(reader: BodyReader, item: JsonNode, role: string | null, names: CallNames): RequestMessage {
  const type = reader.stringField(item, "type");
  const callId = reader.stringField(item, "call_id");
  const whole = (part: RequestPart): RequestMessage => messageOf(reader, item, "assistant", [part]);
  switch (type) {
    case "function_call":
    case "custom_tool_call": {
      const tool = reader.stringField(item, "name") ?? "";
      names.set(callId, tool);
      const text = reader.asText(reader.field(item, "arguments") ?? reader.field(item, "input"));
      return whole(partOf(reader, item, { kind: "tool-call", tool, callId, text }));
    }
    case "local_shell_call":
    case "shell_call":
      names.set(callId, "bash");
      return whole(
        partOf(reader, item, {
          kind: "tool-call",
          tool: "bash",
          callId,
          text: reader.asText(reader.field(item, "action")),
        }),
      );
    case "function_call_output":
    case "custom_tool_call_output":
    case "local_shell_call_output":
    case "shell_call_output": {
      const facts = { tool: names.get(callId), callId, cacheMark: null };
      const parts = resultParts(reader, item, reader.field(item, "output"), facts, (piece) => {
        const part = contentPart(reader, piece);
        return part.kind === "text" ? { text: part.text } : { part };
      });
      return messageOf(reader, item, "tool", parts);
    }
    case "reasoning": {
      const texts = [...reader.items(reader.field(item, "summary")), ...reader.items(reader.field(item, "content"))];
      const text = texts.flatMap((one) => reader.stringField(one, "text") ?? []).join("\n");
      const sealed = reader.stringNode(reader.field(item, "encrypted_content"));
      const units = sealed ? sealed.to - sealed.from - 2 : 0;
      return whole(partOf(reader, item, { kind: "thinking", text, sealed: units }));
    }
    default: {
      if (role === null) return whole(otherPart(reader, item));
      const content = reader.field(item, "content");
      const parts =
        content?.kind === "string"
          ? [partOf(reader, content, { kind: "text", text: reader.asText(content) })]
          : reader.items(content).map((piece) => contentPart(reader, piece));
      return messageOf(reader, item, role === "assistant" || role === "system" ? role : "user", parts);
    }
  }
}

function contentPart(reader: BodyReader, item: JsonNode): RequestPart {
  const text = reader.stringField(item, "text") ?? reader.stringField(item, "refusal");
  if (text !== null) return partOf(reader, item, { kind: "text", text });
  const type = reader.stringField(item, "type");
  if (type === "input_image") {
    const mime = mimeOfDataUrl(reader.stringField(item, "image_url")) ?? "image/*";
    return partOf(reader, item, { kind: "attachment", mime, filename: null });
  }
  if (type === "input_file") {
    const mime = mimeOfDataUrl(reader.stringField(item, "file_data"));
    return partOf(reader, item, { kind: "attachment", mime, filename: reader.stringField(item, "filename") });
  }
  return otherPart(reader, item);
}
