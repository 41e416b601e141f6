/**
 * What Langfuse's pages make of an observation's input and output: a conversation, or a table of raw values.
 *
 * After Langfuse 4.16's own rules, written anew: packages/shared/src/utils/chatml (adapters langgraph and openai, which
 * is where looptrace's shapes end), .../IORepresentation/chatML/types.ts (the schema), .../utils/json.ts (deepParseJson)
 * and web/src/features/traces (useChatMLParser, chatMessageUtils, IOPreviewPretty).
 */
import { z } from "zod";

/** How a message is drawn. */
export interface DrawnMessage {
  readonly role: string;
  /** `text`: Markdown. `json`: a table of its own, below the message's title. */
  readonly content: "text" | "json" | "none";
  readonly thinking: readonly string[];
  readonly toolCards: readonly { readonly name: string; readonly arguments: string }[];
}

/** @returns the messages that are drawn; null where the page shows tables of raw values instead */
export function drawnByLangfuse(input: unknown, output: unknown): readonly DrawnMessage[] | null {
  const given = messagesOf(adapted(deepParsed(input, 0)));
  if (!given.success) return null;
  const parsedOutput = deepParsed(output, 0);
  const answered = answerOf(adapted(parsedOutput));
  const answer = answered.success
    ? answered.data.map((message) => ({ ...message, role: message.role ?? "assistant" }))
    : [
        typeof parsedOutput === "string"
          ? { role: "assistant", content: parsedOutput }
          : { role: "assistant", json: parsedOutput },
      ];
  const all: readonly Message[] = [...given.data, ...answer];
  if (all.every(isOnlyJson)) return null;
  return all.filter(isShown).map(drawn);
}

/** From so many characters on, input, output and messages together, the pages draw no Markdown. */
export const MARKDOWN_LIMIT = 150_000;

/** Whether the pages draw Markdown: they count what was sent, and the messages that they make of it once more. */
export function isMarkdownDrawn(input: unknown, output: unknown): boolean {
  const [given, answered] = [adapted(deepParsed(input, 0)), answerOf(adapted(deepParsed(output, 0)))];
  const size = (value: unknown): number => JSON.stringify(value ?? null).length;
  return size(given) * 2 + size(deepParsed(output, 0)) + size(answered.data) <= MARKDOWN_LIMIT;
}

const text = z.object({ type: z.enum(["text", "input_text", "output_text"]), text: z.string() });
const media = z.string().regex(/^@@@langfuseMedia:type=[^|]+\|id=[^|]+\|source=[^|@]+@@@$/);
const image = z.object({
  type: z.literal("image_url"),
  image_url: z.object({
    url: z.union([
      z.string().regex(/^https?:/),
      media,
      z.string().regex(/^data:image\/(png|jpeg|jpg|gif|webp);base64,/),
    ]),
    detail: z.enum(["low", "high", "auto"]).optional(),
  }),
});
const markdown = z.union([z.string(), z.array(z.union([text, image, media]))]);

const message = z
  .looseObject({
    role: z.string().optional(),
    name: z.string().optional(),
    content: z.union([z.record(z.string(), z.any()), z.string(), z.array(z.any())]).nullish(),
    audio: z.object({ data: media, transcript: z.string().optional() }).optional(),
    additional_kwargs: z.record(z.string(), z.any()).optional(),
    tools: z
      .array(
        z.object({
          name: z.string(),
          description: z.string().optional(),
          parameters: z.record(z.string(), z.any()).optional(),
        }),
      )
      .optional(),
    tool_calls: z
      .array(
        z.object({
          id: z.string(),
          name: z.string(),
          arguments: z.string(),
          type: z.string().optional(),
          index: z.number().optional(),
        }),
      )
      .optional(),
    tool_call_id: z.string().optional(),
    thinking: z
      .array(
        z.object({
          type: z.literal("thinking"),
          content: z.string(),
          signature: z.string().optional(),
          summary: z.string().optional(),
        }),
      )
      .optional(),
    redacted_thinking: z.array(z.object({ type: z.literal("redacted_thinking"), data: z.string() })).optional(),
  })
  .refine(({ content, role }) => content !== null || role !== undefined)
  .transform(({ role, name, content, tool_calls, thinking, tools, tool_call_id, audio, type, ...other }) => ({
    role,
    name,
    content,
    tool_calls,
    thinking,
    tools,
    tool_call_id,
    audio,
    type,
    ...(Object.keys(other).length > 0 ? { json: other } : {}),
  }));
const messages = z.array(message).min(1);
type Message = Partial<Omit<z.output<typeof message>, "json">> & { readonly json?: unknown };

function messagesOf(value: unknown) {
  const asList = messages.safeParse(value);
  if (asList.success) return asList;
  const inside = z.object({ messages }).safeParse(value);
  return inside.success ? messages.safeParse((value as { messages: unknown }).messages) : asList;
}

function answerOf(value: unknown) {
  if (isObject(value) && "messages" in value) return messages.safeParse(value.messages);
  return messages.safeParse(Array.isArray(value) ? value : [value]);
}

/** Langfuse reads JSON in every text that holds some; a bare number stays a text. */
function deepParsed(value: unknown, depth: number): unknown {
  if (depth >= 50) return value;
  if (typeof value === "string") {
    if (/^\s*-?\d/.test(value)) return value;
    const read = readJson(value) ?? readPython(value);
    return read === undefined ? value : deepParsed(read.value, depth + 1);
  }
  if (Array.isArray(value)) return value.map((item) => deepParsed(item, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, deepParsed(item, depth + 1)]));
}

function readJson(value: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(value) };
  } catch {
    return undefined;
  }
}

function readPython(value: string): { readonly value: unknown } | undefined {
  const trimmed = value.trim();
  if (!/^[[{]/.test(trimmed) || !trimmed.includes("'")) return undefined;
  const json = trimmed
    .replace(/\bTrue\b/g, "true")
    .replace(/\bFalse\b/g, "false")
    .replace(/\bNone\b/g, "null");
  return readJson(json.replaceAll("'", '"'));
}

/** What the adapter that recognises the value makes of it; that of LangGraph takes any list of messages with roles. */
function adapted(value: unknown): unknown {
  if (Array.isArray(value)) return value.every(hasRole) ? value.map(normalised) : value;
  if (!isObject(value) || !Array.isArray(value.messages)) return value;
  // With tools beside them they are OpenAI's, and each message gets the tools.
  if (Array.isArray(value.tools)) {
    const tools = value.tools.map(toolDefinition);
    return value.messages.map((one) => ({ ...normalised(one), tools }));
  }
  return { ...value, messages: value.messages.map(normalised) };
}

function toolDefinition(tool: unknown): unknown {
  const inner = isObject(tool) && isObject(tool.function) ? tool.function : isObject(tool) ? tool : {};
  const { name, description = "", parameters } = inner;
  return { name, description: description ?? "", ...(parameters == null ? {} : { parameters }) };
}

function normalised(value: unknown): Record<string, unknown> {
  if (!isObject(value)) return {};
  const known = Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null));
  if (Array.isArray(known.tool_calls)) known.tool_calls = known.tool_calls.filter(isObject).map(flatCall);
  const { content, ...rest } = known;
  if (known.role !== "tool" || !isObject(content)) return known;
  const isRich =
    Object.keys(content).length > 2 || Object.values(content).some((item) => typeof item === "object" && item);
  return isRich ? { ...rest, ...content } : { ...rest, content: JSON.stringify(content) };
}

function flatCall(call: Record<string, unknown>): unknown {
  const asText = (given: unknown): string => (typeof given === "string" ? given : JSON.stringify(given ?? {}));
  if (!isObject(call.function)) return { ...call, arguments: asText(call.args ?? call.arguments) };
  const { name, arguments: given } = call.function;
  return { id: call.id, name, arguments: asText(given), type: call.type ?? "function" };
}

function isOnlyJson({ content, tool_calls, audio, json }: Message): boolean {
  return content == null && tool_calls == null && audio == null && json != null;
}

function isShown({ role, content, ...more }: Message): boolean {
  return (content != null && content !== "") || Object.values(more).some((value) => value !== undefined);
}

function drawn({ role, content, thinking, tool_calls, json }: Message): DrawnMessage {
  const has = content != null && content !== "";
  const isText = has && markdown.safeParse(content).success;
  return {
    role: role ?? "",
    content: isText ? "text" : has || (json !== undefined && !tool_calls && !thinking) ? "json" : "none",
    thinking: (thinking ?? []).map((one) => one.content),
    toolCards: (tool_calls ?? []).map(({ name, arguments: given }) => ({ name, arguments: given })),
  };
}

function hasRole(value: unknown): boolean {
  return isObject(value) && ("role" in value || "additional_kwargs" in value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
