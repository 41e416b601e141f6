import { fieldsOf, isFields } from "../../text/json-fields.js";
import type { WireExchange } from "../model.js";
import { type AnswerReader, Gathered } from "./answer-reader.js";
import { anthropicAnswer } from "./anthropic-answer.js";
import { bedrockAnswer } from "./bedrock-answer.js";
import { chatCompletionsAnswer } from "./chat-completions-answer.js";
import { geminiAnswer } from "./gemini-answer.js";
import { textIn } from "./lenient-by-hand.js";
import { parseRequest } from "./parse-request.js";
import type { ParsedAnswer } from "./parsed-answer.js";
import type { Protocol } from "./parsed-request.js";
import { protocolOfUrl } from "./protocol-of.js";
import { responsesAnswer } from "./responses-answer.js";
import { type TimedText, timedFrames, timedText } from "./timed-frames.js";

/** Each is loaded when there is an answer for it: most have schemas. */
const READERS: Readonly<Record<Protocol, (gathered: Gathered) => AnswerReader>> = {
  "openai-chat": (gathered) => chatCompletionsAnswer(gathered),
  "openai-responses": (gathered) => responsesAnswer(gathered),
  "anthropic-messages": (gathered) => anthropicAnswer(gathered),
  gemini: (gathered) => geminiAnswer(gathered),
  "bedrock-converse": (gathered) => bedrockAnswer(gathered),
};

/** How much of a failure's body is kept, in units. */
const ERROR_BODY = 8_192;

/**
 * What a provider answered, as far as it came; also that which it says of a failure.
 *
 * @returns null where nothing came, only sizes were recorded, or the protocol is not known
 */
export function parseAnswer(exchange: Pick<WireExchange, "url" | "body" | "response">): ParsedAnswer | null {
  const { response } = exchange;
  const timed = response && timedText(response.chunks);
  const protocol = protocolOfUrl(exchange.url) ?? parseRequest(exchange)?.protocol;
  if (!response || !timed || !protocol) return null;
  const gathered = new Gathered();
  const reader = READERS[protocol](gathered);
  for (const { payload, at } of payloadsOf(timed)) {
    gathered.error ??= errorOf(payload);
    reader.read(payload, at);
  }
  const { responseId, model, finish, usage, rawUsage, firstContentAt } = gathered;
  const isFailure = response.status < 200 || response.status > 299;
  const error = gathered.error ?? (isFailure ? { type: null, code: null, message: null } : null);
  return {
    protocol,
    responseId,
    model,
    ...gathered.result(),
    finish,
    usage,
    rawUsage,
    firstContentAt,
    error: error && { status: response.status, ...error, body: timed.text.slice(0, ERROR_BODY) },
  };
}

/** The frames of a stream; else the body as a whole. */
function payloadsOf(timed: TimedText): readonly { readonly payload: unknown; readonly at: number }[] {
  const frames = timedFrames(timed);
  const pieces = frames.length > 0 ? frames : [{ at: timed.at(timed.text.length - 1), data: timed.text }];
  return pieces.flatMap(({ at, data }) => {
    try {
      return [{ payload: JSON.parse(data), at }];
    } catch {
      // `[DONE]`, what was broken off, or HTML.
      return [];
    }
  });
}

function errorOf(payload: unknown): { type: string | null; code: string | null; message: string | null } | null {
  const said: unknown = Array.isArray(payload) ? payload[0] : payload;
  if (!isFields(said)) return null;
  const { error } = said;
  if (typeof error === "string") return { type: null, code: null, message: error };
  const facts = isFields(error) ? error : said.type === "error" ? fieldsOf(payload) : undefined;
  if (!facts) return null;
  const { type, status, code, message } = facts;
  const isCode = typeof code === "string" || Number.isFinite(code);
  return { type: textIn(type) ?? textIn(status), code: isCode ? String(code) : null, message: textIn(message) };
}
