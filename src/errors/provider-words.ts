import type { ErrorCode } from "./error-facts.js";

/** What a provider's code or type means; `context_overflow` is one of the reasons of `max_output_tokens`. */
export type WordMeaning =
  | Extract<
      ErrorCode,
      "billing_error" | "content_filter" | "rate_limit" | "authentication_failed" | "server_error" | "invalid_request"
    >
  | "context_overflow";

/**
 * The error codes and types of the providers, in snake_case, most telling first: OpenAI sends
 * `invalid_request_error` along with nearly every code, so the vague ones come last.
 */
const meanings: readonly (readonly [WordMeaning, RegExp])[] = [
  [
    "billing_error",
    /^(?:insufficient_(?:quota|credits?|balance|funds)|billing_(?:error|hard_limit_reached|limit_reached|not_active)|payment_required|credits?_error|credit_balance_too_low|exceeded_current_quota_error|arrearage|usage_not_included|monthly_limit_error)$/,
  ],
  ["content_filter", /^(?:content_filter(?:ed)?|content_policy_violation|responsible_aipolicy_violation)$/],
  [
    "context_overflow",
    /^(?:context_length_exceeded|(?:model_)?context_window_exceeded|request_too_large|prompt_too_long)$/,
  ],
  [
    "rate_limit",
    /^(?:rate_limit(?:_error|_exceeded|_reached|ed)?|too_many_requests|resource_exhausted|throttling(?:_error|_exception)?|(?:free_|go_)?usage_limit(?:_error|_reached|_exceeded))$/,
  ],
  [
    "authentication_failed",
    /^(?:auth(?:entication)?_error|invalid_api_key|api_key_(?:invalid|expired)|invalid_authentication|unauthori[sz]ed|unauthenticated|permission_(?:error|denied)|forbidden|access_denied(?:_exception)?|token_(?:expired|revoked)|expired_token)$/,
  ],
  [
    "server_error",
    /^(?:overloaded(?:_error)?|(?:internal_)?server_error|internal(?:_error)?|api_error|upstream(?:_.+)?|(?:server_is|engine|model)_overloaded(?:_error)?|(?:service_)?unavailable(?:_error)?|bad_gateway|(?:gateway_)?timeout(?:_error)?|deadline_exceeded)$/,
  ],
  [
    "invalid_request",
    /^(?:invalid_(?:request(?:_error)?|prompt|argument)|bad_request(?:_error)?|(?:model_)?not_found(?:_error)?|validation_(?:error|exception)|unsupported_.+|failed_precondition)$/,
  ],
];

/**
 * Meanings that tell more than the HTTP status they come with: gateways send them with any of 400 to 429. (So they do
 * with money, which has a rule of its own.)
 */
const BEFORE_STATUS: ReadonlySet<WordMeaning> = new Set(["content_filter", "context_overflow", "rate_limit"]);

/** A key that is refused is that also where the status calls it a bad request, as Google does. */
const REFUSED_KEY = /^(?:invalid_api_key|api_key_(?:invalid|expired)|token_(?:expired|revoked)|expired_token)$/;

/** What a provider's words mean together; `null` when none is known. */
export function meaningOf(words: readonly string[]): WordMeaning | null {
  return meanings.find(([, known]) => words.some((word) => known.test(word)))?.[0] ?? null;
}

/** As {@link meaningOf}, only meanings that outweigh an HTTP status. */
export function meaningBeforeStatus(words: readonly string[]): WordMeaning | null {
  const meaning = meaningOf(words);
  if (meaning === "authentication_failed" && words.some((word) => REFUSED_KEY.test(word))) return meaning;
  return meaning !== null && BEFORE_STATUS.has(meaning) ? meaning : null;
}
