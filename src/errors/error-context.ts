import { oneLine, tailOf } from "../text/bounded-text.js";
import { defined } from "../text/json-fields.js";
import type { ErrorCode, ErrorEvidence, FactsOf } from "./error-facts.js";
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

/** What the facts of all classes share. */
type SharedFacts<Code extends ErrorCode> = Omit<FactsOf<"unknown">, "code"> & { readonly code: Code };

/** The facts of a failure, as far as all classes share them; those of some classes say more. */
export function failure<Code extends ErrorCode>(
  code: Code,
  message: string,
  { evidence, sessionId, exitCode, stderr }: ErrorContext,
  error?: ReadError,
): SharedFacts<Code> {
  const provider = error?.provider ?? {};
  return {
    code,
    message: oneLine(message),
    retryable: isRetryable(code),
    evidence,
    ...defined({
      statusCode: error?.statusCode,
      sessionId,
      exitCode,
      stderr: stderr?.trim() ? tailOf(stderr, MAX_STDERR_LENGTH) : undefined,
      opencodeError: error?.name || undefined,
      provider: Object.keys(provider).length > 0 ? provider : undefined,
    }),
  };
}
