import { z } from "zod";
import { type Fields, fieldsOf, isFields } from "../../text/json-fields.js";
import type { CallOutput, ChatMessage, ContentPart, FileFacts, ToolCall } from "../../trace/model.js";
import { objectOf, structureOf, textOf } from "./stored-values.js";

/** The messages of an input; a list that Langfuse has put the tools beside is one too. */
export function messagesOf(input: unknown): readonly unknown[] {
  const read = structureOf(input);
  if (Array.isArray(read)) return read;
  const { messages } = fieldsOf(read);
  if (Array.isArray(messages)) return messages;
  return typeof read === "string" ? [{ role: "user", content: read }] : [];
}

/**
 * What a call was told that no call before it was: prompts and results of tools. Where all was sent that it was told,
 * it is what stands behind the last answer.
 */
export function chatInput(input: unknown): readonly ChatMessage[] {
  const messages = messagesOf(input);
  const from = messages.findLastIndex((message) => fieldsOf(message).role === "assistant") + 1;
  return messages.slice(from).flatMap(chatMessage);
}

function chatMessage(message: unknown): ChatMessage[] {
  const { role, content, tool_call_id: callId, name, is_error: isError, attachments } = fieldsOf(message);
  if (role === "user") return [{ role, content: contentOf(content) }];
  if (role !== "tool") return [];
  const parts = Array.isArray(content) ? content.filter(isFilePart) : [];
  const files = [...(Array.isArray(attachments) ? attachments : []), ...parts].flatMap(fileOf);
  return [
    {
      role,
      tool_call_id: textOf(callId) ?? "",
      name: textOf(name) ?? "",
      content: toolText(content),
      ...(isError === true ? { is_error: true as const } : {}),
      ...(files.length > 0 ? { attachments: files } : {}),
    },
  ];
}

/** A text that Langfuse's page would misread is sent as a part. */
function toolText(content: unknown): string {
  if (!Array.isArray(content)) return textOf(content) ?? "";
  return content
    .filter((part) => !isFilePart(part))
    .map((part) => textOf(fieldsOf(part).text) ?? "")
    .join("");
}

const knownPart = z.union([
  z.object({ type: z.literal("text"), text: z.string(), synthetic: z.literal(true).exactOptional() }),
  z.object({ type: z.literal("file"), mime: z.string(), filename: z.string().nullable(), url: z.string() }),
  z.object({ type: z.literal("compaction"), auto: z.boolean(), overflow: z.boolean() }),
  z.object({
    type: z.literal("subtask"),
    agent: z.string(),
    prompt: z.string(),
    description: z.string().nullable(),
    command: z.string().nullable(),
  }),
]);

function contentOf(content: unknown): string | readonly ContentPart[] {
  if (!Array.isArray(content)) return textOf(content) ?? "";
  return content.map((part): ContentPart => {
    const known = knownPart.safeParse(part);
    if (known.success && !isFilePart(part)) return known.data;
    const [file] = fileOf(part);
    if (file) return { type: "file", ...file };
    return { type: "text", text: textOf(fieldsOf(part).text) ?? textOf(part) ?? "" };
  });
}

/** Looptrace sends a file as a part that the page draws, an image or a text, with its type beside that. */
function isFilePart(part: unknown): boolean {
  return typeof fieldsOf(part).mime === "string";
}

/** A file that Langfuse keeps stands in a text as this. */
const MEDIA = /^@@@langfuseMedia:type=([^|]+)\|/;

/** A file, as looptrace names it or as chats do; none where it is something else. */
export function fileOf(part: unknown): FileFacts[] {
  const { type, mime, filename, url, image_url: image } = fieldsOf(part);
  const address = textOf(url) ?? textOf(fieldsOf(image).url) ?? (typeof image === "string" ? image : null);
  if (address === null && type !== "file" && !isFilePart(part)) return [];
  const kept = MEDIA.exec(address ?? "")?.[1];
  return [{ mime: textOf(mime) ?? kept ?? "application/octet-stream", filename: textOf(filename), url: address ?? "" }];
}

/** What looptrace sends as a model's answer: `thinking`, `text` and `toolCalls`, whatever stands beside them. */
export function callOutput(output: unknown): CallOutput {
  const { thinking, text, toolCalls } = objectOf(output);
  return {
    thinking: typeof thinking === "string" ? thinking : null,
    text: typeof text === "string" ? text : null,
    toolCalls: Array.isArray(toolCalls) ? toolCalls.filter(isFields).map(sentCall) : [],
  };
}

function sentCall(call: Fields): ToolCall {
  return { id: textOf(call.id) ?? "", name: textOf(call.name) ?? "", arguments: call.arguments ?? null };
}

/** What other tracers send as a model's answer: a chat's message, a list with one, or a text. */
export function foreignOutput(output: unknown): CallOutput {
  const read = structureOf(output);
  if (typeof read === "string") return { thinking: null, text: read, toolCalls: [] };
  const message = fieldsOf(Array.isArray(read) ? read.findLast(isFields) : read);
  const parts = Array.isArray(message.content) ? message.content.filter(isFields) : [];
  const texts = parts.flatMap((part) => (typeof part.text === "string" ? [part.text] : []));
  const asked = [message.tool_calls, message.toolCalls].find(Array.isArray) ?? [];
  const text = typeof message.content === "string" ? message.content : texts.join("") || textOf(message.text);
  return {
    thinking: thinkingOf(message.thinking ?? message.reasoning),
    text: text === "" ? null : text,
    toolCalls: asked.filter(isFields).map((call) => {
      const named = isFields(call.function) ? call.function : call;
      return {
        id: textOf(call.id) ?? textOf(call.call_id) ?? "",
        name: textOf(named.name) ?? "",
        arguments: structureOf(named.arguments ?? named.input),
      };
    }),
  };
}

function thinkingOf(thinking: unknown): string | null {
  if (!Array.isArray(thinking)) return textOf(thinking);
  return thinking.flatMap((part) => textOf(fieldsOf(part).content) ?? []).join("\n") || null;
}
