import { ownText } from "../../text/own-text.js";
import type { CallNames } from "./call-names.js";
import { type JsonNode, type JsonString, jsonValue, stringValue } from "./json-tree.js";
import type { RequestMessage } from "./parsed-request.js";

/** What is asked of a body that may hold anything: each question has an answer, that there is nothing too. */
export class BodyReader {
  readonly text: string;
  readonly #messages: WeakMap<JsonNode, RequestMessage>;

  /** @param messages those that were read of earlier bodies, by where they stand */
  constructor(text: string, messages: WeakMap<JsonNode, RequestMessage> = new WeakMap()) {
    this.text = text;
    this.#messages = messages;
  }

  /** A message; one that stood in an earlier body with all before it is that one's. @param read reads it */
  message(node: JsonNode, names: CallNames, read: () => RequestMessage): RequestMessage {
    const known = this.#messages.get(node);
    const message = known ?? read();
    this.#messages.set(node, message);
    // Later results tell of their tools by them.
    if (known) for (const part of known.parts) if (part.kind === "tool-call") names.set(part.callId, part.tool);
    return message;
  }

  /** A field of an object; undefined where there is none, or `null`. */
  field(node: JsonNode | undefined, name: string): JsonNode | undefined {
    const found = node?.kind === "object" ? node.fields.get(name) : undefined;
    return found?.kind === "scalar" && this.text.startsWith("null", found.from) ? undefined : found;
  }

  /** The items of a list; none where it is none. */
  items(node: JsonNode | undefined): readonly JsonNode[] {
    return node?.kind === "array" ? node.items : [];
  }

  stringNode(node: JsonNode | undefined): JsonString | undefined {
    return node?.kind === "string" ? node : undefined;
  }

  string(node: JsonNode | undefined): string | null {
    return node?.kind === "string" ? stringValue(this.text, node) : null;
  }

  /** A field that is a string. */
  stringField(node: JsonNode | undefined, name: string): string | null {
    return this.string(this.field(node, name));
  }

  /** Any value as data; undefined where there is none. */
  value(node: JsonNode | undefined): unknown {
    return node && jsonValue(this.text, node);
  }

  /** As it stands in the body. */
  raw(node: JsonNode): string {
    return ownText(this.text.slice(node.from, node.to));
  }

  /** A string as it is, all else as JSON. */
  asText(node: JsonNode | undefined): string {
    if (!node) return "";
    return this.string(node) ?? this.raw(node);
  }

  isTrue(node: JsonNode | undefined): boolean {
    return node?.kind === "scalar" && this.text.startsWith("true", node.from);
  }
}
