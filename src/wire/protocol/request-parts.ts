/** What the readers of all protocols' requests share. */
import { fieldsOf } from "../../text/json-fields.js";
import type { BodyReader } from "./json-fields.js";
import type { JsonNode, Range } from "./json-tree.js";
import type {
  CacheMark,
  PartContent,
  RequestMessage,
  RequestPart,
  SystemText,
  ToolDefinition,
} from "./parsed-request.js";

const MINUTES = 60_000;
const MARK = "cache_control";

/** The mark that a block carries, as Anthropic writes it, and OpenRouter and others too. */
export function cacheMarkOf(reader: BodyReader, block: JsonNode | undefined): CacheMark | null {
  const mark = reader.field(block, MARK);
  return mark ? { ttlMs: reader.stringField(mark, "ttl") === "1h" ? 60 * MINUTES : 5 * MINUTES } : null;
}

/** A part whose range and mark are a block's. */
export function partOf(reader: BodyReader, block: JsonNode, content: PartContent): RequestPart {
  return { from: block.from, to: block.to, cacheMark: cacheMarkOf(reader, block), ...content };
}

/** A part of a kind that is not known, without the mark that may stand on it. */
export function otherPart(reader: BodyReader, block: JsonNode): RequestPart {
  return partOf(reader, block, { kind: "other", type: reader.stringField(block, "type"), text: jsonOf(reader, block) });
}

/** A block as JSON, without its mark. */
export function jsonOf(reader: BodyReader, block: JsonNode): string {
  if (!reader.field(block, MARK)) return reader.raw(block);
  const { [MARK]: _, ...rest } = fieldsOf(reader.value(block));
  return JSON.stringify(rest);
}

/** A tool by its name, its description and the schema of its arguments. */
export function toolOf(
  reader: BodyReader,
  block: JsonNode,
  {
    declaration = block,
    schema,
  }: { readonly declaration?: JsonNode | undefined; readonly schema: JsonNode | undefined },
): ToolDefinition {
  const name = reader.stringField(declaration, "name") ?? reader.stringField(block, "type") ?? "";
  const described = reader.field(declaration, "description") ?? schema;
  const text = described
    ? [name, reader.stringField(declaration, "description") ?? "", schema ? reader.raw(schema) : ""].join("\n")
    : jsonOf(reader, block);
  return { from: block.from, to: block.to, cacheMark: cacheMarkOf(reader, block), name, text };
}

/** The texts of a system prompt: a string, or a list of blocks. */
export function systemTexts(reader: BodyReader, content: JsonNode | undefined): readonly SystemText[] {
  const whole = systemText(reader, content, content);
  if (whole) return [whole];
  return reader.items(content).flatMap((block) => systemText(reader, block, reader.field(block, "text")) ?? []);
}

function systemText(reader: BodyReader, block: JsonNode | undefined, node: JsonNode | undefined): SystemText | null {
  const string = reader.stringNode(node);
  const text = reader.string(string);
  if (!block || !string || text === null) return null;
  return { from: block.from, to: block.to, cacheMark: cacheMarkOf(reader, block), text, string };
}

/** What a reader makes of one piece of a tool's result: its text, or what is no text. */
export type ResultPiece = { readonly text: string } | { readonly part: RequestPart };

/**
 * A tool's result, cut at the images and files in it.
 *
 * @param block where the whole of it stands
 * @param content its content: a text, or a list of pieces
 * @param pieceOf reads one of a list
 */
export function resultParts(
  reader: BodyReader,
  block: Range,
  content: JsonNode | undefined,
  facts: { readonly tool: string | null; readonly callId: string | null; readonly cacheMark: CacheMark | null },
  pieceOf: (item: JsonNode) => ResultPiece,
): readonly RequestPart[] {
  const whole = (range: Range, text: string): RequestPart => ({ ...range, kind: "tool-result", ...facts, text });
  if (content?.kind !== "array") return [whole({ from: block.from, to: block.to }, reader.asText(content))];
  const parts: RequestPart[] = [];
  let from = block.from;
  let texts: string[] = [];
  for (const item of content.items) {
    const piece = pieceOf(item);
    if ("text" in piece) {
      texts.push(piece.text);
      continue;
    }
    if (texts.length > 0 || parts.length === 0) parts.push(whole({ from, to: item.from }, texts.join("\n")));
    parts.push(piece.part);
    from = item.to;
    texts = [];
  }
  if (texts.length > 0 || parts.length === 0) parts.push(whole({ from, to: block.to }, texts.join("\n")));
  return parts;
}

/** The media type of a `data:` URL; null where it is another. */
export function mimeOfDataUrl(url: string | null): string | null {
  return /^data:([^;,]+)[;,]/.exec(url ?? "")?.[1] ?? null;
}

/** A message with its parts by their places; a mark on the message is its last part's. */
export function messageOf(
  reader: BodyReader,
  node: JsonNode,
  role: RequestMessage["role"],
  found: readonly RequestPart[],
): RequestMessage {
  const parts = [...found].sort((one, other) => one.from - other.from);
  const last = parts.at(-1);
  const mark = cacheMarkOf(reader, node);
  if (last && mark && !last.cacheMark) parts[parts.length - 1] = { ...last, cacheMark: mark };
  return { from: node.from, to: node.to, role, parts };
}

/** The fields of a body that are no part of the prompt. */
export function parametersOf(
  reader: BodyReader,
  root: JsonNode,
  prompt: ReadonlySet<string>,
): Readonly<Record<string, unknown>> {
  if (root.kind !== "object") return {};
  const entries = [...root.fields].filter(([name]) => !prompt.has(name));
  return Object.fromEntries(entries.map(([name, node]) => [name, reader.value(node)]));
}
