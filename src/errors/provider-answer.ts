import { defined, type Fields, isFields } from "../text/json-fields.js";
import { attempt } from "./thrown.js";
/** What a provider's error answer says, in any of the known formats. */
export interface ProviderAnswer {
  readonly message?: string;
  readonly code?: string;
  readonly type?: string;
  /** Code, type and status words of all levels, in snake_case, most specific first. */
  readonly words: readonly string[];
  /** An HTTP status that the answer names as its code, when it arrived without one (inside a stream). */
  readonly status?: number;
  readonly requestId?: string;
  /** The `retryDelay` of a `google.rpc.RetryInfo`, such as `"26s"`. */
  readonly retryInfo?: string;
}

/** Answers come wrapped: a list around an object, JSON text in a message. No format has more layers than this. */
const MAX_LAYERS = 4;
/** Longer texts are a page or a dump, not an error object. */
const MAX_JSON_LENGTH = 1_000_000;

/**
 * Reads the error object out of a response body or of a message that is JSON text. Knows the formats of OpenAI
 * (`{ error: { message, type, code } }`), Anthropic (`{ type, error: { type, message }, request_id }`), Google
 * (`{ error: { code, status, details } }`, also in a list), opencode's own gateway, and plain `{ message }`,
 * `{ error: "…" }`, `{ detail: "…" }`.
 *
 * Never throws; whatever is not such an object gives an answer without words.
 */
export function readProviderAnswer(value: unknown): ProviderAnswer {
  return readLayer(value, MAX_LAYERS);
}

function readLayer(value: unknown, layers: number): ProviderAnswer {
  if (layers === 0) return { words: [] };
  if (typeof value === "string") return readText(value, layers);
  if (Array.isArray(value)) return readLayer(value[0], layers - 1);
  return isFields(value) ? readObject(value, layers) : { words: [] };
}

function readText(text: string, layers: number): ProviderAnswer {
  const parsed = parseJson(text);
  if (typeof parsed === "string") return { message: parsed, words: [] };
  return parsed === undefined ? { words: [] } : readLayer(parsed, layers - 1);
}

function readObject(outer: Fields, layers: number): ProviderAnswer {
  const nested = Array.isArray(outer.errors) ? outer.errors[0] : outer.error;
  const inner = isFields(nested) ? nested : outer;
  const message = text(inner.message) ?? text(nested) ?? text(outer.message) ?? text(outer.detail) ?? undefined;
  const within: ProviderAnswer = message === undefined ? { words: [] } : readLayer(message, layers - 1);
  const code = within.code ?? text(inner.code) ?? text(inner.status);
  const type = within.type ?? text(inner.type);
  const status = within.status ?? httpStatus(inner.code) ?? httpStatus(inner.status);
  const requestId = within.requestId ?? text(outer.request_id) ?? text(inner.request_id);
  const retryInfo = within.retryInfo ?? retryDelay(inner.details);

  const reasons = Array.isArray(inner.details) ? inner.details.filter(isFields).map(({ reason }) => reason) : [];
  const words = [inner.code, inner.type, ...reasons, inner.status, outer.code, outer.type].flatMap(toWord);
  return {
    words: [...within.words, ...words],
    ...defined({ message: within.message ?? message, code, type, status, requestId, retryInfo }),
  };
}

function parseJson(text: string): unknown {
  if (text.length > MAX_JSON_LENGTH || !/^\s*[[{"]/.test(text)) return undefined;
  return attempt(() => JSON.parse(text));
}

function retryDelay(details: unknown): string | undefined {
  if (!Array.isArray(details)) return undefined;
  return details.filter(isFields).flatMap((detail) => text(detail.retryDelay) ?? [])[0];
}

function toWord(value: unknown): string[] {
  if (typeof value !== "string" || value.length > 100) return [];
  const word = value
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z\d]+/g, "_");
  return [word];
}

/** A value as an HTTP status of a failure, also when it is written as text. */
export function httpStatus(value: unknown): number | undefined {
  const status = typeof value === "string" && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof status === "number" && Number.isInteger(status) && status >= 100 && status <= 599 ? status : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}
