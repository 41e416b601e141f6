import { defined } from "../text/json-fields.js";
import { type ErrorContext, failure } from "./error-context.js";
import type { ErrorFacts } from "./error-facts.js";
import { bareSentence, isBillingPhrase, meaningOfOpening } from "./provider-phrases.js";
import { meaningBeforeStatus, meaningOf, type WordMeaning } from "./provider-words.js";
import { type ReadError, readErrorObject } from "./read-error-object.js";
import { DEFAULT_RETRY_DELAY_MS, readRetryAfter } from "./retry-after.js";

/** What is known beside one error object. */
export interface ErrorObjectContext extends ErrorContext {
  /** When it occurred, milliseconds since the Unix epoch: waits are counted from here. */
  readonly at: number;
  /** What the model had written until then. */
  readonly partialText?: string | undefined;
  /** The tool that was being asked for, where a permission is the matter. */
  readonly tool?: string | undefined;
  /** Whether the turn has no assistant message at all: the model was never asked. */
  readonly beforeAnyAnswer?: boolean | undefined;
  /** The model that was asked for, `provider/model`. */
  readonly model?: string | undefined;
}

interface Rule {
  readonly name: string;
  /** The facts when the rule applies, else `null`. */
  readonly read: (error: ReadError, context: ErrorObjectContext) => ErrorFacts | null;
}

/** opencode's sentence when a permission was not given; with the user's feedback behind it when there is one. */
const REJECTED = "The user rejected permission to use this specific tool call";
/** opencode's sentence for a failure inside itself. From 1.17 on an unknown model hides behind it. */
const SERVER_FAILED = "Unexpected server error. Check server logs for details.";
const REQUEST_TIMED_OUT = /^The operation (?:timed out|was aborted due to timeout)\.?$/;

/** The order in which an error object is read: its name, money, the provider's words, the status, the text. */
const rules: readonly Rule[] = [
  { name: "opencode's name for it", read: byName },
  { name: "money, whatever the status", read: byBilling },
  {
    name: "provider's words that outweigh the status",
    read: (e, c) => byMeaning(meaningBeforeStatus(e.answer.words), e, c),
  },
  { name: "opencode 2's name for it", read: byType },
  { name: "the HTTP status", read: (e, c) => byStatus(statusOf(e), e, c) },
  { name: "the provider's words", read: (e, c) => byMeaning(meaningOf(e.answer.words), e, c) },
  { name: "a status inside the answer", read: (e, c) => byStatus(failureStatus(e.answer.status), e, c) },
  { name: "no answer from the provider", read: (e, c) => (e.name === "APIError" ? serverError(e, c) : null) },
  { name: "opencode 2's vague name for it", read: byVagueType },
  { name: "one of opencode's own sentences", read: byOwnSentence },
  { name: "a phrase that all providers use", read: (e, c) => byMeaning(meaningOfOpening(e.message), e, c) },
];

/**
 * What one error object of opencode means: `info.error` of a message, or `error` of a run-stream event. Those of
 * opencode 2, `{ type, message, status, response }`, are read as `errorObjectOf` makes them: the type is the name.
 *
 * Reads structure (name, status, the provider's codes) before text, and of text only whole sentences. Total: an
 * object of any shape is classified, at worst as `unknown`, with a message of one bounded line.
 *
 * @param error opencode's `{ name, data }`, as it came
 * @returns the facts; never `null`, an error object is always a failure
 */
export function classifyErrorObject(error: unknown, context: ErrorObjectContext): ErrorFacts {
  const read = readErrorObject(error);
  for (const rule of rules) {
    const facts = rule.read(read, context);
    if (facts !== null) return withReason(facts, context);
  }
  return failure("unknown", messageOf(read), context, read);
}

/** A request that is wrong before there is any message of the model's never left opencode: it has no such model. */
function withReason(facts: ErrorFacts, { beforeAnyAnswer }: ErrorObjectContext): ErrorFacts {
  const neverAsked = beforeAnyAnswer === true && facts.statusCode === undefined;
  return facts.code === "invalid_request" && neverAsked ? { ...facts, reason: "model" } : facts;
}

/** Whether an error object is only opencode's sentence for a failure inside itself. */
export function saysNothing(error: unknown): boolean {
  return readErrorObject(error).message === SERVER_FAILED;
}

function byName(error: ReadError, context: ErrorObjectContext): ErrorFacts | null {
  switch (error.name) {
    case "ProviderAuthError":
      return failure("authentication_failed", messageOf(error), context, error);
    case "MessageAbortedError":
      return { ...failure("aborted", messageOf(error), context, error), abortedBy: "api" };
    case "ContextOverflowError":
      return outOfRoom("context_overflow", error, context);
    case "MessageOutputLengthError":
      return outOfRoom("output_limit", error, context);
    case "ContentFilterError":
      return failure("content_filter", messageOf(error), context, error);
    case "StructuredOutputError":
      return { ...failure("invalid_output", messageOf(error), context, error), reason: "missing", problems: [] };
    case "ProviderModelNotFoundError":
      return failure("invalid_request", messageOf(error), context, error);
    case "aborted":
    case "compaction.interrupted":
      return { ...failure("aborted", messageOf(error), context, error), abortedBy: "api" };
    case "permission.rejected":
      return permissionRejected(error, context);
    case "provider.content-filter":
      return failure("content_filter", messageOf(error), context, error);
    case "provider.quota":
      return failure("billing_error", messageOf(error), context, error);
    default:
      return null;
  }
}

/** What opencode 2 made of a provider's answer, where its words and money have nothing to say. */
function byType(error: ReadError, context: ErrorObjectContext): ErrorFacts | null {
  switch (error.name) {
    case "provider.auth":
      return failure("authentication_failed", messageOf(error), context, error);
    case "provider.rate-limit":
      return rateLimit(error, context);
    case "provider.internal":
    case "provider.transport":
    case "provider.timeout":
    case "provider.invalid-output":
      return serverError(error, context);
    case "provider.no-route":
      return { ...failure("invalid_request", messageOf(error), context, error), reason: "model" };
    case "provider.unsupported-operation":
      return failure("invalid_request", messageOf(error), context, error);
    default:
      return null;
  }
}

/** It calls so what is none of the others: a status and the provider's words tell more. */
function byVagueType(error: ReadError, context: ErrorObjectContext): ErrorFacts | null {
  return error.name === "provider.invalid-request"
    ? failure("invalid_request", messageOf(error), context, error)
    : null;
}

function permissionRejected(error: ReadError, context: ErrorObjectContext): ErrorFacts {
  return { ...failure("permission_rejected", messageOf(error), context, error), ...defined({ tool: context.tool }) };
}

function byBilling(error: ReadError, context: ErrorObjectContext): ErrorFacts | null {
  const meaning = meaningOf(error.answer.words);
  const isBilling =
    error.statusCode === 402 ||
    error.answer.status === 402 ||
    meaning === "billing_error" ||
    // The message can be the bare status text while the provider's sentence stands in the body.
    [error.message, error.answer.message ?? ""].some((text) => isBillingPhrase(text, meaning));
  return isBilling ? failure("billing_error", messageOf(error), context, error) : null;
}

function byMeaning(meaning: WordMeaning | null, error: ReadError, context: ErrorObjectContext): ErrorFacts | null {
  switch (meaning) {
    case null:
      return null;
    case "rate_limit":
      return rateLimit(error, context);
    case "server_error":
      return serverError(error, context);
    case "context_overflow":
      return outOfRoom("context_overflow", error, context);
    default:
      return failure(meaning, messageOf(error), context, error);
  }
}

function byStatus(status: number | undefined, error: ReadError, context: ErrorObjectContext): ErrorFacts | null {
  if (status === undefined) return null;
  if (status === 401 || status === 403) return failure("authentication_failed", messageOf(error), context, error);
  if (status === 429) return rateLimit(error, context);
  if (status === 413) return outOfRoom("context_overflow", error, context);
  // 408 is the provider's own time running out, and a status below 400 an answer that could not be read.
  if (status >= 500 || status < 400 || status === 408) return serverError(error, context);
  return failure("invalid_request", messageOf(error), context, error);
}

/** Gateways send what failed behind them with a status of 200: then the one inside the answer counts. */
function statusOf({ statusCode, answer }: ReadError): number | undefined {
  if (statusCode === undefined || statusCode >= 400) return statusCode;
  return failureStatus(answer.status) ?? statusCode;
}

/** A number in an answer's `code` is a status only where it names a failure. */
function failureStatus(status: number | undefined): number | undefined {
  return status !== undefined && status >= 400 ? status : undefined;
}

function byOwnSentence(error: ReadError, context: ErrorObjectContext): ErrorFacts | null {
  const { message } = error;
  if (message.startsWith(REJECTED)) return permissionRejected(error, context);
  if (REQUEST_TIMED_OUT.test(bareSentence(message))) {
    return { ...failure("timeout", message, context, error), limit: "request" };
  }
  if (message === SERVER_FAILED && context.beforeAnyAnswer) {
    const which = context.model === undefined ? "the model" : `the model ${context.model}`;
    const hint = `opencode never asked ${which}: most often it does not know it, or has no key for its provider.`;
    return failure("invalid_request", hint, context, error);
  }
  return null;
}

function rateLimit(error: ReadError, context: ErrorObjectContext): ErrorFacts {
  const said = readRetryAfter(error.headers, context.at, error.answer.retryInfo);
  return {
    ...failure("rate_limit", messageOf(error), context, error),
    retryAt: context.at + (said?.delayMs ?? DEFAULT_RETRY_DELAY_MS),
    retryAtSource: said?.source ?? "default",
    retryAtBounded: said?.bounded ?? false,
  };
}

function serverError(error: ReadError, context: ErrorObjectContext): ErrorFacts {
  const said = readRetryAfter(error.headers, context.at, error.answer.retryInfo);
  const retryAfterMs = said === null || said.source === "default" ? undefined : said.delayMs;
  return { ...failure("server_error", messageOf(error), context, error), ...defined({ retryAfterMs }) };
}

function outOfRoom(
  reason: "output_limit" | "context_overflow",
  error: ReadError,
  context: ErrorObjectContext,
): ErrorFacts {
  const partialText = context.partialText || undefined;
  return {
    ...failure("max_output_tokens", messageOf(error), context, error),
    reason,
    ...defined({ partialText }),
  };
}

/** What was said, or what is known when nothing was. */
function messageOf(error: ReadError): string {
  if (error.message !== "") return error.message;
  const name = error.name === "" ? "an error without a name" : error.name;
  return error.statusCode === undefined
    ? `${name}, without a message`
    : `${name} ${error.statusCode}, without a message`;
}
