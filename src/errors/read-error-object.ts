import { headOf, oneLine } from "../text/bounded-text.js";
import { defined, type Fields, fieldsOf } from "../text/json-fields.js";
import type { ProviderFacts } from "./error-facts.js";
import { httpStatus, type ProviderAnswer, readProviderAnswer } from "./provider-answer.js";
import { header } from "./retry-after.js";

/** An error object of opencode with its loose ends read: bounded, of known types, and what the provider said. */
export interface ReadError {
  /** `""` when it has none. */
  readonly name: string;
  /** One line; the provider's own sentence where there is one. `""` when nothing was said. */
  readonly message: string;
  readonly statusCode: number | undefined;
  readonly headers: unknown;
  readonly answer: ProviderAnswer;
  readonly provider: ProviderFacts;
}

const MAX_BODY_LENGTH = 2_000;
const MAX_FIELD_LENGTH = 200;
const MAX_PROVIDER_MESSAGE_LENGTH = 1_000;
const REQUEST_ID_HEADERS = ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id"] as const;

/** Reads `{ name, data }` of any shape; a field that is missing or of the wrong type counts as not there. */
export function readErrorObject(error: unknown): ReadError {
  const object = fieldsOf(error);
  const data = fieldsOf(object.data);
  const said = typeof data.message === "string" ? data.message : "";
  const body = typeof data.responseBody === "string" ? data.responseBody : "";
  // In-stream failures carry the provider's JSON as their message, requests that were refused carry it as body.
  const inMessage = readProviderAnswer(said);
  const answer = isTelling(inMessage) ? inMessage : readProviderAnswer(body);
  const message = inMessage.message ?? (isTelling(inMessage) || said.trim() === "" ? answer.message : said);
  return {
    name: typeof object.name === "string" ? oneLine(object.name, MAX_FIELD_LENGTH) : "",
    message: oneLine(message ?? said),
    statusCode: httpStatus(data.statusCode),
    headers: data.responseHeaders,
    answer,
    provider: providerFacts(data, answer, body),
  };
}

function isTelling(answer: ProviderAnswer): boolean {
  return answer.words.length > 0 || answer.status !== undefined;
}

function providerFacts(data: Fields, answer: ProviderAnswer, body: string): ProviderFacts {
  const requestId =
    REQUEST_ID_HEADERS.map((name) => header(data.responseHeaders, name)).find((id) => id !== undefined) ??
    answer.requestId;

  const line = (text: unknown, max = MAX_FIELD_LENGTH) => (typeof text === "string" ? oneLine(text, max) : undefined);
  return defined({
    id: line(data.providerID),
    message: line(answer.message, MAX_PROVIDER_MESSAGE_LENGTH),
    code: line(answer.code),
    type: line(answer.type),
    requestId: line(requestId),
    url: plainUrl(fieldsOf(data.metadata).url),
    body: body === "" ? undefined : headOf(body, MAX_BODY_LENGTH),
  });
}

/** A URL without what may be secret in it: user, password, query, fragment. */
function plainUrl(value: unknown): string | undefined {
  if (typeof value !== "string" || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  return oneLine(`${url.origin}${url.pathname}`, MAX_FIELD_LENGTH * 2);
}
