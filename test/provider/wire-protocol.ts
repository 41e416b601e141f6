import type { Reply } from "./scenario.js";

/** One server-sent event, ready to be written. */
export interface Frame {
  readonly data: string;
  /** `content` is reasoning or text, `arguments` a piece of a tool call; the others frame them. */
  readonly kind: "open" | "content" | "arguments" | "close";
}

/** A way for a model provider to stream a reply. */
export interface WireProtocol {
  readonly path: string;
  /** The frames of a whole, faultless reply. */
  frames(reply: Reply, request: { readonly number: number; readonly model: string }): Frame[];
  /** The texts of the request's user messages in their order; messages without text are left out. */
  userTexts(body: unknown): string[];
  /** The system prompt, wherever the protocol keeps it. */
  systemText(body: unknown): string;
}

/** An event whose name stands before its data, as Anthropic and OpenAI's Responses write it. */
export function namedEvent(payload: { readonly type: string; readonly [key: string]: unknown }): string {
  return `event: ${payload.type}\ndata: ${JSON.stringify(payload)}\n\n`;
}

/** An event without a name, as chat completions write it. */
export function bareEvent(data: string): string {
  return `data: ${data}\n\n`;
}

/**
 * Cuts a text into at most `count` pieces of equal length, never through a surrogate pair: a model streams whole
 * characters. The empty text gives one empty piece, so that its block is still announced.
 */
export function pieces(text: string, count: number): string[] {
  const characters = Array.from(text);
  const size = Math.max(1, Math.ceil(characters.length / count));
  const result: string[] = [];
  for (let at = 0; at < characters.length; at += size) result.push(characters.slice(at, at + size).join(""));
  return result.length > 0 ? result : [""];
}

/** The arguments as the text that travels. */
export function argumentsText(call: Reply["toolCalls"][number]): string {
  return typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments);
}

/** The call's own id, else one that no other call of the run has. */
export function callId(call: Reply["toolCalls"][number], request: number, index: number): string {
  return call.id ?? `call_${request}_${index}`;
}

/** What the model says it stopped for. */
export function finishOf(reply: Reply): NonNullable<Reply["finish"]> {
  return reply.finish ?? (reply.toolCalls.length > 0 ? "tool-calls" : "stop");
}

/** Joins the text blocks of a message's content, which protocols allow as a string or as a list of blocks. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .flatMap((block: unknown) =>
      typeof block === "object" && block !== null && "text" in block && typeof block.text === "string"
        ? [block.text]
        : [],
    )
    .join("\n");
}

/** The texts of all messages with this role in a list of messages. */
export function textsWithRole(messages: unknown, role: string): string[] {
  if (!Array.isArray(messages)) return [];
  return messages
    .flatMap((message: unknown) =>
      typeof message === "object" &&
      message !== null &&
      "role" in message &&
      message.role === role &&
      "content" in message
        ? [textOf(message.content)]
        : [],
    )
    .filter((text) => text !== "");
}

/** A field of a request body, which is not trusted to be an object. */
export function fieldOf(body: unknown, key: string): unknown {
  return typeof body === "object" && body !== null ? Reflect.get(body, key) : undefined;
}
