import { CallNames } from "./call-names.js";
import type { BodyReader } from "./json-fields.js";
import type { JsonNode } from "./json-tree.js";
import type { CacheMark, ParsedRequest, RequestMessage, RequestPart } from "./parsed-request.js";
import { messageOf, otherPart, parametersOf, partOf, resultParts, systemTexts, toolOf } from "./request-parts.js";

const PROMPT: ReadonlySet<string> = new Set(["modelId", "messages", "system", "toolConfig"]);

/** Bedrock's Converse; its URL names the model. A mark for the cache is a block of its own there. */
export function bedrockRequest(reader: BodyReader, root: JsonNode): ParsedRequest {
  const names = new CallNames();
  const systemBlocks = reader.field(root, "system");
  return {
    protocol: "bedrock-converse",
    body: reader.text,
    model: reader.stringField(root, "modelId"),
    parameters: parametersOf(reader, root, PROMPT),
    system: withMarks(reader, reader.items(systemBlocks), () => systemTexts(reader, systemBlocks)),
    tools: withMarks(reader, reader.items(reader.field(reader.field(root, "toolConfig"), "tools")), (blocks) =>
      blocks.map((block) => {
        const declaration = reader.field(block, "toolSpec");
        const schema = reader.field(reader.field(declaration, "inputSchema"), "json");
        return toolOf(reader, block, { declaration, schema });
      }),
    ),
    messages: reader
      .items(reader.field(root, "messages"))
      .map((node) => reader.message(node, names, () => messageOfNode(reader, node, names))),
  };
}

function messageOfNode(reader: BodyReader, node: JsonNode, names: CallNames): RequestMessage {
  const blocks = reader.items(reader.field(node, "content"));
  const parts = withMarks(reader, blocks, (plain) => plain.flatMap((block) => partsOfBlock(reader, block, names)));
  return messageOf(reader, node, reader.stringField(node, "role") === "assistant" ? "assistant" : "user", parts);
}

/** What is read of the blocks that are no marks; what a mark stands behind has it. */
function withMarks<T extends { readonly from: number; readonly cacheMark: CacheMark | null }>(
  reader: BodyReader,
  blocks: readonly JsonNode[],
  read: (plain: readonly JsonNode[]) => readonly T[],
): readonly T[] {
  const marks = blocks.filter((block) => reader.field(block, "cachePoint"));
  const found = [...read(blocks.filter((block) => !marks.includes(block)))];
  for (const mark of marks) {
    const at = found.findLastIndex(({ from }) => from < mark.from);
    const marked = found[at];
    const ttl = reader.stringField(reader.field(mark, "cachePoint"), "ttl");
    if (marked) found[at] = { ...marked, cacheMark: { ttlMs: ttl === "1h" ? 3_600_000 : 300_000 } };
  }
  return found;
}

function partsOfBlock(reader: BodyReader, block: JsonNode, names: CallNames): readonly RequestPart[] {
  const text = reader.stringField(block, "text");
  if (text !== null) return [partOf(reader, block, { kind: "text", text })];
  const thought = reader.field(block, "reasoningContent");
  if (thought) {
    const said = reader.field(thought, "reasoningText");
    const sealed = reader.stringField(said, "signature") ?? reader.stringField(thought, "redactedContent") ?? "";
    const content = reader.stringField(said, "text") ?? "";
    return [partOf(reader, block, { kind: "thinking", text: content, sealed: sealed.length })];
  }
  const call = reader.field(block, "toolUse");
  if (call) {
    const callId = reader.stringField(call, "toolUseId");
    const tool = reader.stringField(call, "name") ?? "";
    names.set(callId, tool);
    return [
      partOf(reader, block, { kind: "tool-call", tool, callId, text: reader.asText(reader.field(call, "input")) }),
    ];
  }
  const result = reader.field(block, "toolResult");
  if (result) {
    const callId = reader.stringField(result, "toolUseId");
    const facts = { tool: names.get(callId), callId, cacheMark: null };
    return resultParts(reader, block, reader.field(result, "content"), facts, (item) => {
      const [part] = partsOfBlock(reader, item, names);
      if (part?.kind === "attachment") return { part };
      return { text: reader.stringField(item, "text") ?? reader.asText(reader.field(item, "json") ?? item) };
    });
  }
  for (const kind of ["image", "document", "video"] as const) {
    const file = reader.field(block, kind);
    if (!file) continue;
    const format = reader.stringField(file, "format");
    const mime = format && (kind === "document" ? `application/${format}` : `${kind}/${format}`);
    return [partOf(reader, block, { kind: "attachment", mime, filename: reader.stringField(file, "name") })];
  }
  return [otherPart(reader, block)];
}
