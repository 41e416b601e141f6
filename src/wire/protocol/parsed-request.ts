import type { JsonString, Range } from "./json-tree.js";

/** How a provider is talked to. */
export type Protocol = "openai-chat" | "openai-responses" | "anthropic-messages" | "gemini" | "bedrock-converse";

/** What a request says, with the place of each part of it in the body's text. */
export interface ParsedRequest {
  readonly protocol: Protocol;
  /** The body that all ranges are of. */
  readonly body: string;
  /** null: neither body nor URL names it. */
  readonly model: string | null;
  /** What stands in it beside the prompt: limits, reasoning, choice of tools. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The texts of the system prompt, in their order. */
  readonly system: readonly SystemText[];
  /** In their order. */
  readonly tools: readonly ToolDefinition[];
  /** In their order, without those that are the system prompt. */
  readonly messages: readonly RequestMessage[];
}

/** A mark up to which a provider is asked to cache, such as `{"type":"ephemeral","ttl":"1h"}`. */
export interface CacheMark {
  /** ms; what the provider takes where the mark says nothing. */
  readonly ttlMs: number;
}

/** What may carry a mark. */
interface Marked extends Range {
  /** null: it has none. */
  readonly cacheMark: CacheMark | null;
}

/** A text of the system prompt; its range is the block that it stands in. */
export interface SystemText extends Marked {
  readonly text: string;
  /** The string of JSON that the text is. */
  readonly string: JsonString;
}

/** A tool that the model may call. */
export interface ToolDefinition extends Marked {
  readonly name: string;
  /** What the model reads of it: name, description, schema. */
  readonly text: string;
}

/** A message; its range is the whole object. */
export interface RequestMessage extends Range {
  readonly role: "system" | "user" | "assistant" | "tool";
  /** By their places; they do not overlap. */
  readonly parts: readonly RequestPart[];
}

/** A part of a message. */
export type RequestPart = Marked & PartContent;

/** What a part of a message is. */
export type PartContent =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "thinking";
      readonly text: string /** Units of what only its provider can read. */;
      readonly sealed: number;
    }
  | { readonly kind: "tool-call"; readonly tool: string; readonly callId: string | null; readonly text: string }
  /** `tool`: null where the protocol does not say it again and no call before it has this id. */
  | {
      readonly kind: "tool-result";
      readonly tool: string | null;
      readonly callId: string | null;
      readonly text: string;
    }
  /** An image or a file, as data or as an address. */
  | { readonly kind: "attachment"; readonly mime: string | null; readonly filename: string | null }
  /** Of a kind that this does not know. */
  | { readonly kind: "other"; readonly type: string | null; readonly text: string };
