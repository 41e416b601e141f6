import type { ErrorCode, ErrorEvidence, ErrorFacts, ProviderFacts } from "./error-facts.js";

/** What {@link OpenCodeError.toJSON} gives: the facts, with the class's name and the cause in short. */
export type OpenCodeErrorJSON = ErrorFacts & {
  readonly name: string;
  readonly cause?: { readonly name: string; readonly message: string };
};

/**
 * Base of every failure of a turn of opencode; `code` tells which one, and {@link OpenCodeError.facts} is all that is
 * known, as plain data.
 *
 * **Across process and thread borders.** `structuredClone(error)` and `postMessage(error)` keep an error's message,
 * stack and cause only: that is all the structured clone algorithm knows of an `Error`, and the class, the code and
 * the facts are lost. A worker should hand back `error.toJSON()` (also what `JSON.stringify(error)` writes) and the
 * receiver call `errorFromJSON`, which restores the class.
 *
 * @example
 * ```ts
 * import { errorFromJSON, OpenCode, OpenCodeError, RateLimitError } from "looptrace";
 *
 * const written = await new OpenCode().prompt("Fix the failing test").catch((error: unknown) => {
 *   if (error instanceof OpenCodeError) return JSON.stringify(error);
 *   throw error;
 * });
 * // In another process, which got the JSON.
 * const error = typeof written === "string" ? errorFromJSON(JSON.parse(written)) : undefined;
 * if (error instanceof RateLimitError) console.log("again at", new Date(error.retryAt));
 * ```
 */
export abstract class OpenCodeError<Facts extends ErrorFacts = ErrorFacts> extends Error {
  /** Everything known about the failure, as plain JSON-serialisable data. */
  readonly facts: Facts;

  constructor(facts: Facts, options?: ErrorOptions) {
    super(facts.message, options);
    this.facts = facts;
  }

  /** The class of the failure, for `switch`. */
  get code(): Facts["code"] & ErrorCode {
    return this.facts.code;
  }
  /** Whether the same request may succeed later; how to try again is `retryPolicies[error.code]`. */
  get retryable(): boolean {
    return this.facts.retryable;
  }
  /** The HTTP status that the provider answered with. */
  get statusCode(): number | undefined {
    return this.facts.statusCode;
  }
  /** The session of the turn; undefined when opencode had begun none. */
  get sessionId(): string | undefined {
    return this.facts.sessionId;
  }
  /** The exit code of opencode; it proves nothing by itself. */
  get exitCode(): number | undefined {
    return this.facts.exitCode;
  }
  /** Where the verdict comes from. */
  get evidence(): ErrorEvidence {
    return this.facts.evidence;
  }
  /** The tail of opencode's stderr: for people, never interpreted. */
  get stderr(): string | undefined {
    return this.facts.stderr;
  }
  /** What the provider said: message, code, type, request id, URL. */
  get provider(): ProviderFacts | undefined {
    return this.facts.provider;
  }

  /** Plain JSON that `errorFromJSON` restores the same class from; of the cause, name and message stay. */
  toJSON(): OpenCodeErrorJSON {
    const { cause } = this;
    const short = cause instanceof Error ? { cause: { name: cause.name, message: cause.message } } : {};
    return { ...this.facts, name: this.name, ...short };
  }
}
