/** Conversations in the shape that OpenTelemetry's GenAI conventions publish JSON schemas for. */
import { attempt } from "../../errors/thrown.js";
import { fieldsOf, isFields } from "../../text/json-fields.js";
import type { CallOutput, ChatMessage, ContentPart, FileFacts, SentMessage, SentPart } from "../../trace/model.js";

/** A part of a message; `type` says which, and the conventions allow types and fields of one's own. */
export interface MessagePart {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A message of `gen_ai.input.messages`. */
export interface InputMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly parts: readonly MessagePart[];
}

/** A message of `gen_ai.output.messages`. */
export interface OutputMessage extends InputMessage {
  readonly finish_reason: string;
}

/** What a call was told, as messages of the conventions. */
export function inputMessages(messages: readonly (ChatMessage | SentMessage)[]): readonly InputMessage[] {
  return messages.map((message) => ({ role: message.role, parts: partsOf(message) }));
}

/** What a model answered; none where it answered nothing. */
export function outputMessages(
  { thinking, text, toolCalls }: CallOutput,
  finishReason: string,
): readonly OutputMessage[] {
  const parts = [
    ...(thinking === null ? [] : [{ type: "reasoning", content: thinking }]),
    ...(text === null ? [] : [{ type: "text", content: text }]),
    ...toolCalls.map((call) => ({ type: "tool_call", id: call.id, name: call.name, arguments: call.arguments })),
  ];
  return parts.length === 0 ? [] : [{ role: "assistant", parts, finish_reason: finishReason }];
}

/** An agent's answer: text, or the value that was asked for. */
export function answerMessages(output: unknown, finishReason: string): readonly OutputMessage[] {
  if (output === null || output === undefined) return [];
  const content = typeof output === "string" ? output : JSON.stringify(output);
  return [{ role: "assistant", parts: [{ type: "text", content }], finish_reason: finishReason }];
}

/** Why an answer ended, in the conventions' words where they have one. */
export function finishReason(finish: string): string {
  switch (finish) {
    case "tool-calls":
      return "tool_call";
    case "content-filter":
      return "content_filter";
    default:
      return finish;
  }
}

/**
 * Tools in the conventions' shape, whichever way their provider was told of them. What a provider runs itself, such as
 * a search, keeps the provider's own type.
 */
export function toolDefinitions(tools: readonly unknown[]): readonly MessagePart[] {
  return tools.map((tool) => {
    const fields = fieldsOf(tool);
    const told = [fields.function, fields.toolSpec].find(isFields) ?? fields;
    const schema = told.parameters ?? told.input_schema ?? fieldsOf(told.inputSchema).json;
    const type = typeof fields.type === "string" ? fields.type : "function";
    const name = typeof told.name === "string" ? told.name : type;
    if (schema === undefined && type !== "function") return { ...fields, type, name };
    const { description } = told;
    return {
      type: "function",
      name,
      ...(typeof description === "string" ? { description } : {}),
      ...(isFields(schema) ? { parameters: schema } : {}),
    };
  });
}

function partsOf(message: ChatMessage | SentMessage): readonly MessagePart[] {
  if (message.role === "tool") return resultParts(message);
  const { content } = message;
  const said = typeof content === "string" ? textParts(content) : content.map(partOf);
  if (!("tool_calls" in message) && !("thinking" in message)) return said;
  const { thinking = [], tool_calls: calls = [] } = message;
  return [
    ...thinking.map((part) => ({ type: "reasoning", content: part.content })),
    // A message that only calls tools has an empty text.
    ...said.filter((part) => part.type !== "text" || part.content !== ""),
    ...calls.map(({ id, function: { name, arguments: json } }) => {
      return { type: "tool_call", id, name, arguments: attempt((): unknown => JSON.parse(json)) ?? json };
    }),
  ];
}

function resultParts(message: Extract<ChatMessage | SentMessage, { role: "tool" }> | SentMessage): MessagePart[] {
  const { tool_call_id: id = null, content } = message;
  const response = typeof content === "string" ? content : content.map(partOf);
  const files = "attachments" in message ? (message.attachments ?? []) : [];
  const failed = "is_error" in message && message.is_error ? { is_error: true } : {};
  return [{ type: "tool_call_response", id, response, ...failed }, ...files.map(filePart)];
}

function textParts(content: string): readonly MessagePart[] {
  return [{ type: "text", content }];
}

function partOf(part: ContentPart | SentPart): MessagePart {
  if (part.type === "text") {
    const synthetic = "synthetic" in part && part.synthetic ? { synthetic: true } : {};
    return { type: "text", content: part.text, ...synthetic };
  }
  if (part.type !== "file") return { ...part };
  return "url" in part ? filePart(part) : { type: "attachment", mime_type: part.mime, filename: part.filename };
}

/** The bytes of a file are not sent: they are of no use in a trace. */
function filePart({ mime, filename, url }: FileFacts): MessagePart {
  if (url.startsWith("data:")) return { type: "attachment", mime_type: mime, filename };
  return { type: "uri", modality: modalityOf(mime), mime_type: mime, uri: url, filename };
}

function modalityOf(mime: string): string {
  const kind = mime.split("/")[0] ?? "";
  return ["image", "video", "audio"].includes(kind) ? kind : "document";
}
