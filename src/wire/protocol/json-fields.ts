import { type JsonNode, type JsonString, jsonValue, stringValue } from "./json-tree.js";

/** What is asked of a body that may hold anything: each question has an answer, that there is nothing too. */
export class BodyReader {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
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
    return this.text.slice(node.from, node.to);
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
