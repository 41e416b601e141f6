/** What was recorded of a session's requests, as far as its readers need it to join them with its answers. */
import type { ErrorObject } from "../../errors/error-facts.js";
import { isFields } from "../../text/json-fields.js";
import { answerOf } from "../../wire/answer-of.js";
import type { WireEvidence, WireExchange, WireResponse, WireTool } from "../../wire/model.js";
import type { SessionTree } from "../schema/exported-session.js";
import type { OtherCall } from "./session.js";
import type { CallOutput, Interval, Moment } from "./values.js";

/** What was recorded of one session. */
export interface SessionWire {
  /** Requests that an answer or a compaction can be made of, ascending in time. */
  readonly requests: readonly WireRequest[];
  /** Requests for titles, and those of which it is not known whose they are; ascending in time. */
  readonly others: readonly WireRequest[];
  /** The true times of its tools, by when they began. */
  readonly tools: readonly WireTool[];
}

/** Where nothing was recorded. */
export const NO_WIRE: SessionWire = { requests: [], others: [], tools: [] };

/** A recorded request with its times in whole milliseconds, as all else of a session has them. */
export interface WireRequest {
  readonly exchange: WireExchange;
  /** `answer`: for a step of the loop, as far as its headers and its body tell. */
  readonly kind: "answer" | OtherCall["kind"];
  /** When it was sent. */
  readonly at: number;
  /** When it ended; infinite where the recording ends before. */
  readonly endedAt: number;
}

/**
 * The recorded requests by session. One that names a subagent whose session is not in the tree is its parent's, and one
 * that names no session the root's: both stand beside the answers, since nothing tells which one they are of.
 */
export function wireBySession(wire: WireEvidence | undefined, tree: SessionTree): ReadonlyMap<string, SessionWire> {
  if (!wire) return new Map();
  const root = tree.session.info.id;
  const known = new Set(sessionIdsIn(tree));
  type Entries = { requests: WireRequest[]; others: WireRequest[]; tools: WireTool[] };
  const bySession = new Map<string, Entries>();
  const of = (sessionId: string): Entries => {
    const entries = bySession.get(sessionId) ?? { requests: [], others: [], tools: [] };
    bySession.set(sessionId, entries);
    return entries;
  };
  const seen = new Set<string>();
  for (const exchange of wire.exchanges) {
    // The same recording can come in by two ways, with a session and with its parent.
    if (seen.has(exchange.id)) continue;
    seen.add(exchange.id);
    const { sessionId, parentSessionId } = exchange;
    const request = requestOf(exchange);
    if (sessionId !== null && known.has(sessionId)) {
      const isOther = request.kind === "title" || request.kind === "unknown";
      of(sessionId)[isOther ? "others" : "requests"].push(request);
      continue;
    }
    const near = sessionId === null ? root : parentSessionId !== null && known.has(parentSessionId) && parentSessionId;
    if (near) of(near).others.push({ ...request, kind: "unknown" });
  }
  for (const tool of wire.tools ?? [])
    if (known.has(tool.sessionId) && tool.traceparent === undefined) of(tool.sessionId).tools.push(tool);
  for (const entries of bySession.values()) {
    entries.requests.sort((a, b) => a.exchange.sentAt - b.exchange.sentAt);
    entries.others.sort((a, b) => a.exchange.sentAt - b.exchange.sentAt);
    entries.tools.sort((a, b) => a.start - b.start);
  }
  return bySession;
}

/** The ids of a session and of all below it. */
export function sessionIdsIn({ session, children }: SessionTree): readonly string[] {
  return [session.info.id, ...children.flatMap(sessionIdsIn)];
}

function requestOf(exchange: WireExchange): WireRequest {
  const { sentAt, end } = exchange;
  const at = Math.round(sentAt);
  const endedAt = end.at === null ? Number.POSITIVE_INFINITY : Math.max(at, Math.round(end.at));
  return { exchange, kind: kindOf(exchange), at, endedAt };
}

function kindOf({ purpose, body }: WireExchange): WireRequest["kind"] {
  switch (purpose) {
    case "title":
      return "title";
    case "generate":
      return "unknown";
    case "primary":
      return "answer";
    // opencode 1 makes an answer of it, as of every other; opencode 2 tells of it beside them.
    case "compaction":
      return "compaction";
    case null:
      return body.bytes <= LONGEST_TITLE && TITLE_PROMPT.test(body.text ?? "") ? "title" : "answer";
    default:
      return purpose satisfies never;
  }
}

/** The tap itself says it of longer ones; looking through all bodies of a long session takes seconds. */
const LONGEST_TITLE = 200_000;

/** Where opencode's own prompt for a title begins a text of the request; inside of another text its marks are escaped. */
const TITLE_PROMPT = /"(?:content|text|instructions|system)"\s*:\s*"You are a title generator\b/;

/**
 * Those of some requests that were made for one and the same answer.
 *
 * A request is made again when the one before it has died: with the same body, or after a failure that the wire shows.
 * What ran at the same time, or came after one that was answered well with another body, is something else's.
 *
 * @param candidates ascending in time
 * @param isAnswered whether it can be the one that was answered, by its time; of those it is the last
 * @returns ascending in time, the answered one last; empty where none can be the one
 */
export function requestsOfAnswer(
  candidates: readonly WireRequest[],
  isAnswered: (request: WireRequest) => boolean,
): readonly WireRequest[] {
  const answered = candidates.findLastIndex(isAnswered);
  const own: WireRequest[] = [];
  let next: WireRequest | undefined;
  for (const request of candidates.slice(0, answered + 1).reverse()) {
    if (next) {
      const isOver = request.endedAt <= next.at;
      const isSame = request.exchange.body.hash === next.exchange.body.hash;
      if (!isOver || !(isSame || wireError(request.exchange))) continue;
    }
    own.unshift(request);
    next = request;
  }
  return own;
}

/** Those that were sent in a stretch of time, both ends included. */
export function sentWithin(requests: readonly WireRequest[], { start, end }: Interval): readonly WireRequest[] {
  return requests.filter(({ at }) => at >= start && at <= end);
}

/** The tools that began in a stretch of time, both ends included. */
export function toolsWithin(tools: readonly WireTool[], { start, end }: Interval): readonly WireTool[] {
  return tools.filter((tool) => Math.round(tool.start) >= start && Math.round(tool.start) <= end);
}

/** When a model's output ended: with its last byte, or where it broke off; null where the recording ends before. */
export function recordedEnd({ sentAt, response, end }: WireExchange): Moment | null {
  if (end.at === null) return null;
  const last = end.how === "complete" ? response?.chunks.at(-1)?.at : undefined;
  return { at: Math.round(Math.max(last ?? end.at, sentAt)), timing: "exact" };
}

/** When the first thinking, text or tool arguments came in; null where only sizes were recorded, or none came. */
export function recordedContentAt(exchange: WireExchange): number | null {
  const at = answerOf(exchange)?.firstContentAt ?? null;
  return at === null ? null : Math.round(at);
}

/** What a request that died had been answered until then; without tools, which ran and are told of by themselves. */
export function recordedOutput(exchange: WireExchange): CallOutput | null {
  const { text = "", thinking = "" } = answerOf(exchange) ?? {};
  if (text === "" && thinking === "") return null;
  return { thinking: thinking === "" ? null : thinking, text: text === "" ? null : text, toolCalls: [] };
}

/**
 * What a call said that was cut off: opencode writes a text down when it is whole, which after a kill it never is.
 *
 * @param exported what the export has of it
 */
export function cutOffOutput(exported: CallOutput, exchange: WireExchange | undefined): CallOutput {
  const recorded = exchange && recordedOutput(exchange);
  if (!recorded) return exported;
  return { ...exported, thinking: exported.thinking ?? recorded.thinking, text: exported.text ?? recorded.text };
}

/**
 * What a request failed with, as opencode would write it; null where the wire shows no failure: it was answered, it was
 * broken off by opencode itself, or the recording ends before.
 *
 * @param before the attempt before it: a refusal that was cut off before its body came has the words of that one, where
 *   it was the same request with the same status
 */
export function wireError(exchange: WireExchange, before?: WireExchange): ErrorObject | null {
  const { response, end, url } = exchange;
  if (response && response.status >= 400) {
    const text = bodyOf(response);
    const { status: statusCode, headers: responseHeaders } = response;
    const isSame = before?.body.hash === exchange.body.hash && before.response?.status === statusCode;
    const words = response.bytes === 0 && isSame ? bodyOf(before.response) : text;
    return {
      name: "APIError",
      data: {
        message: messageIn(words) ?? `The provider answered with HTTP status ${statusCode}.`,
        statusCode,
        responseHeaders,
        ...(text === "" ? {} : { responseBody: text }),
        metadata: { url },
      },
    };
  }
  const said = answerOf(exchange)?.error;
  if (response && said) {
    // In the midst of an answer that began well.
    const message = said.message ?? said.type ?? "The provider broke the answer off.";
    return {
      name: "APIError",
      data: { message, responseHeaders: response.headers, responseBody: said.body, metadata: { url } },
    };
  }
  if (end.how !== "failed") return null;
  return { name: "APIError", data: { message: end.error ?? "The connection broke off.", metadata: { url } } };
}

function bodyOf({ chunks }: WireResponse): string {
  return chunks.map((chunk) => chunk.text ?? "").join("");
}

/** Providers put it into `error.message`, `error`, or `message`. */
function messageIn(text: string): string | null {
  const value = parsed(text);
  if (!isFields(value)) return null;
  const error = value.error;
  const said = isFields(error) ? error.message : (error ?? value.message);
  return typeof said === "string" && said !== "" ? said : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
