import { bytesText, count, duration, plural } from "../text/format.js";
import type { WireExchange } from "../wire/model.js";
import { parseAnswer } from "../wire/protocol/parse-answer.js";
import { parseRequest } from "../wire/protocol/parse-request.js";
import type { ParsedAnswer } from "../wire/protocol/parsed-answer.js";
import type { ParsedRequest, RequestMessage, RequestPart } from "../wire/protocol/parsed-request.js";
import { cacheMarks } from "../wire/segments/cache-marks.js";
import { NO_OWNER_FACTS } from "../wire/segments/owner-facts.js";
import { segmentName } from "../wire/segments/owner-names.js";
import { readRequest } from "../wire/segments/read-request.js";
import type { WireRequest } from "./wire-requests.js";

/** A request as a page to read: facts, then what was sent and what came back. Nothing is cleaned for a terminal yet. */
export interface RequestView {
  readonly title: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly sections: readonly RequestSection[];
}

/** A heading with texts below it. */
export interface RequestSection {
  readonly heading: string;
  readonly blocks: readonly RequestBlock[];
}

/** A text; the label stands above it, null: the heading says it all. */
export interface RequestBlock {
  readonly label: string | null;
  readonly text: string;
}

/** Of a tool so much is told; its schema is in the body. */
const MOST_OF_TOOL = 240;

export function requestView(request: WireRequest, exchange: WireExchange): RequestView {
  const parsed = parseRequest(exchange);
  const answer = parseAnswer(exchange);
  return {
    title: `Request ${request.number} · ${request.name}`,
    facts: factsOf(request, exchange, parsed),
    sections: [
      headers("headers", exchange.headers),
      ...(parsed ? requestSections(parsed) : bodySections(exchange)),
      ...(answer ? answerSections(answer) : rawAnswer(exchange)),
      headers("headers of the answer", exchange.response?.headers ?? {}),
    ].filter(({ blocks }) => blocks.length > 0),
  };
}

function factsOf(request: WireRequest, exchange: WireExchange, parsed: ParsedRequest | null): RequestView["facts"] {
  const { response, end } = exchange;
  const { promptTokens, cachedTokens, cacheWriteTokens, outputTokens, newBytes, firstByteMs, durationMs } = request;
  const after = (ms: number | null, what: string): string[] => (ms === null ? [] : [`${what} after ${duration(ms)}`]);
  const answered = response ? `${response.status}` : "no answer";
  const tokens = [
    ...(promptTokens === null ? [] : [`${count(promptTokens)} in`]),
    ...(cachedTokens ? [`${count(cachedTokens)} of them cached`] : []),
    ...(cacheWriteTokens ? [`${count(cacheWriteTokens)} written to the cache`] : []),
    ...(outputTokens === null ? [] : [`${count(outputTokens)} out`]),
  ];
  return [
    ["to", `${request.method} ${request.url}`],
    ["sent", new Date(Math.round(request.sentAt)).toISOString()],
    ["answer", [answered, ...after(firstByteMs, "first byte"), ...after(durationMs, endWord(end.how))].join(", ")],
    ...(end.error === null ? [] : [["error", end.error] as const]),
    ...(request.requestId === null ? [] : [["id", request.requestId] as const]),
    ["model", [request.model ?? "unknown", ...(parsed ? [parsed.protocol] : [])].join(", ")],
    ["size", `${bytesText(request.requestBytes)}${newBytes === null ? "" : `, ${bytesText(newBytes)} of it new`}`],
    ...(tokens.length > 0 ? [["tokens", tokens.join(", ")] as const] : []),
    ...marksText(exchange).map((text) => ["cache", text] as const),
  ];
}

/** Up to which parts a provider was asked to cache, where it does not do so by itself, and what it was not asked for. */
function marksText(exchange: WireExchange): readonly string[] {
  const sent = readRequest(exchange, NO_OWNER_FACTS);
  const found = sent && cacheMarks(sent);
  if (!found) return [];
  const { marks, unmarked } = found;
  const behind = marks.map(({ owner, ttlMs }) => `${segmentName(owner)} (${duration(ttlMs)})`).join(", ");
  const asked = marks.length === 0 ? "nothing is marked to be cached" : `marked to be cached up to ${behind}`;
  return [`${asked}${unmarked.length === 0 ? "" : `; no mark covers the ${unmarked.join(" and the ")}`}`];
}

function endWord(how: WireExchange["end"]["how"]): string {
  return how === "complete" ? "complete" : how === "aborted" ? "aborted by opencode" : how === "failed" ? "failed" : "";
}

function headers(heading: string, values: Readonly<Record<string, string>>): RequestSection {
  const lines = Object.entries(values).map(([name, value]) => `${name}: ${value}`);
  return { heading, blocks: lines.length === 0 ? [] : [{ label: null, text: lines.join("\n") }] };
}

function requestSections({ parameters, system, tools, messages }: ParsedRequest): RequestSection[] {
  const told = tools.map(({ name, text }) => `${name}, ${plural(text.length, "character")}${firstWords(name, text)}`);
  return [
    {
      heading: "parameters",
      blocks: Object.keys(parameters).length === 0 ? [] : [{ label: null, text: jsonText(parameters) }],
    },
    { heading: "system prompt", blocks: system.map(({ text }) => ({ label: null, text })) },
    {
      heading: plural(tools.length, "tool"),
      blocks: told.length === 0 ? [] : [{ label: null, text: told.join("\n") }],
    },
    { heading: plural(messages.length, "message"), blocks: messages.flatMap(messageBlocks) },
  ];
}

/** The beginning of its description, on one line. */
function firstWords(name: string, text: string): string {
  const description = text.slice(text.startsWith(name) ? name.length : 0, MOST_OF_TOOL * 4).trim();
  const line = description.split("\n", 1)[0]?.trim() ?? "";
  return line === "" ? "" : `: ${line.length > MOST_OF_TOOL ? `${line.slice(0, MOST_OF_TOOL)}…` : line}`;
}

function messageBlocks({ role, parts }: RequestMessage): RequestBlock[] {
  return parts.map((part) => ({ label: labelOf(role, part), text: textOf(part) }));
}

function labelOf(role: RequestMessage["role"], part: RequestPart): string {
  switch (part.kind) {
    case "text":
      return role;
    case "thinking":
      return `${role}, thinking`;
    case "tool-call":
      return `${role}, call of ${part.tool}`;
    case "tool-result":
      return `result of ${part.tool ?? "a tool"}`;
    case "attachment":
      return `${role}, attachment`;
    case "other":
      return `${role}, ${part.type ?? "of an unknown kind"}`;
    default:
      return part satisfies never;
  }
}

function textOf(part: RequestPart): string {
  if (part.kind === "attachment") return [part.filename, part.mime].filter(Boolean).join(", ") || "(not shown)";
  if (part.kind === "thinking" && part.text === "") return `(sealed by its provider, ${count(part.sealed)} characters)`;
  return part.text;
}

function bodySections({ body }: WireExchange): RequestSection[] {
  if (body.text !== null) return [{ heading: "body", blocks: [{ label: null, text: body.text }] }];
  return [{ heading: "body", blocks: [{ label: null, text: "not recorded: it ran with --no-content" }] }];
}

function answerSections(answer: ParsedAnswer): RequestSection[] {
  const { text, thinking, toolCalls, finish, error, rawUsage } = answer;
  const block = (label: string | null, value: string): RequestBlock[] => (value === "" ? [] : [{ label, text: value }]);
  return [
    {
      heading: finish === null ? "answer" : `answer (${finish})`,
      blocks: [
        ...block(
          "failed",
          error ? [error.type, error.code, error.message].filter(Boolean).join(", ") || error.body : "",
        ),
        ...block("thinking", thinking),
        ...block("text", text),
        ...toolCalls.map((call) => ({ label: `call of ${call.name}`, text: call.arguments })),
        ...block("usage, as the provider told it", rawUsage ? jsonText(rawUsage) : ""),
      ],
    },
  ];
}

function rawAnswer({ response }: WireExchange): RequestSection[] {
  const texts = response?.chunks.map(({ text }) => text) ?? [];
  const text = texts.every((one) => one !== null) ? texts.join("") : "";
  return [{ heading: "answer", blocks: text === "" ? [] : [{ label: null, text }] }];
}

function jsonText(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
