import { oneLine, tailOf } from "../text/bounded-text.js";
import type { ErrorCode, ErrorEvidence, ErrorFacts, FactsOf } from "./error-facts.js";
import type { ReadError } from "./read-error-object.js";
import { isRetryable } from "./retry-policy.js";

/** What is known around a failure, whatever its class. */
export interface ErrorContext {
  readonly evidence: ErrorEvidence;
  readonly sessionId?: string | undefined;
  readonly exitCode?: number | undefined;
  /** opencode's stderr; its tail is attached. */
  readonly stderr?: string | undefined;
}

const MAX_STDERR_LENGTH = 4_000;

type SharedFacts = Omit<FactsOf<"unknown">, "code">;

/** The fields that the facts of all classes share. */
export function sharedFacts(code: ErrorCode, message: string, context: ErrorContext, error?: ReadError): SharedFacts {
  const { sessionId, exitCode, stderr } = context;
  const hasProvider = error !== undefined && Object.keys(error.provider).length > 0;
  return {
    message: oneLine(message),
    retryable: isRetryable(code),
    evidence: context.evidence,
    ...(error?.statusCode === undefined ? {} : { statusCode: error.statusCode }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(stderr === undefined || stderr.trim() === "" ? {} : { stderr: tailOf(stderr, MAX_STDERR_LENGTH) }),
    ...(error === undefined || error.name === "" ? {} : { opencodeError: error.name }),
    ...(hasProvider ? { provider: error.provider } : {}),
  };
}

/** The classes that add nothing to the shared facts. */
type PlainCode = Extract<
  ErrorCode,
  "authentication_failed" | "billing_error" | "invalid_request" | "content_filter" | "unknown"
>;

/** The facts of a class that adds nothing to the shared ones. */
export function plainFacts(code: PlainCode, message: string, context: ErrorContext, error?: ReadError): ErrorFacts {
  return { code, ...sharedFacts(code, message, context, error) };
}
