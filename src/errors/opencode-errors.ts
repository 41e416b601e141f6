/** The family: one class for each `code`, adding what only that failure knows. */
import type { ErrorFacts, FactsOf } from "./error-facts.js";
import { OpenCodeError } from "./opencode-error.js";

/** The provider asks to slow down. Wait until {@link RateLimitError.retryAt}, or fail over. */
export class RateLimitError extends OpenCodeError<FactsOf<"rate_limit">> {
  /** The class, as it stands in JSON. */
  override readonly name = "RateLimitError";

  /** When the provider may be asked again: milliseconds since the Unix epoch. */
  get retryAt(): number {
    return this.facts.retryAt;
  }
}

/** The provider does not know the key, or the key may not do this. */
export class AuthenticationError extends OpenCodeError<FactsOf<"authentication_failed">> {
  /** The class, as it stands in JSON. */
  override readonly name = "AuthenticationError";
}

/** No credit left, or a spending limit is reached: waiting does not help. */
export class BillingError extends OpenCodeError<FactsOf<"billing_error">> {
  /** The class, as it stands in JSON. */
  override readonly name = "BillingError";
}

/** The provider or opencode refuses the request as it is: unknown model, bad parameter. */
export class InvalidRequestError extends OpenCodeError<FactsOf<"invalid_request">> {
  /** The class, as it stands in JSON. */
  override readonly name = "InvalidRequestError";

  /** What could not be begun with; undefined where a provider refused the request. */
  get reason(): "model" | "start" | undefined {
    return this.facts.reason;
  }
}

/**
 * opencode ended before there was a session: its folders, its configuration or its arguments are not as they have to
 * be. No model was asked. Where it was to become a server, `OpenCodeCommandError` is thrown instead.
 */
export class StartFailedError extends OpenCodeError<FactsOf<"start_failed">> {
  /** The class, as it stands in JSON. */
  override readonly name = "StartFailedError";
}

/** The provider failed, is overloaded, or could not be reached. */
export class ServerError extends OpenCodeError<FactsOf<"server_error">> {
  /** The class, as it stands in JSON. */
  override readonly name = "ServerError";

  /** How long the provider asks to wait, in milliseconds from the error. */
  get retryAfterMs(): number | undefined {
    return this.facts.retryAfterMs;
  }
}

/** The model ran out of room: of output tokens, or of context for the conversation. */
export class MaxOutputTokensError extends OpenCodeError<FactsOf<"max_output_tokens">> {
  /** The class, as it stands in JSON. */
  override readonly name = "MaxOutputTokensError";

  /** Of what it ran out: `output_limit`, output tokens; `context_overflow`, room in the context. */
  get reason(): "output_limit" | "context_overflow" {
    return this.facts.reason;
  }
  /** What the model had written until then. */
  get partialText(): string | undefined {
    return this.facts.partialText;
  }
}

/** The provider's content filter stopped the answer. */
export class ContentFilterError extends OpenCodeError<FactsOf<"content_filter">> {
  /** The class, as it stands in JSON. */
  override readonly name = "ContentFilterError";
}

/** A structured answer was asked for, and there is none, or none that fits the schema. */
export class InvalidOutputError extends OpenCodeError<FactsOf<"invalid_output">> {
  /** The class, as it stands in JSON. */
  override readonly name = "InvalidOutputError";

  /** `missing`: there was no structured answer; `schema`: it does not fit. */
  get reason(): "missing" | "schema" {
    return this.facts.reason;
  }
  /** Where the answer does not fit: the place in it, and what is wrong there. */
  get problems(): readonly string[] {
    return this.facts.problems;
  }
}

/** opencode asked for a permission, it was not given, and the loop stopped. */
export class PermissionRejectedError extends OpenCodeError<FactsOf<"permission_rejected">> {
  /** The class, as it stands in JSON. */
  override readonly name = "PermissionRejectedError";

  /** The tool that was refused. */
  get tool(): string | undefined {
    return this.facts.tool;
  }
}

/** The turn was ended before its answer. */
export class AbortedError extends OpenCodeError<FactsOf<"aborted">> {
  /** The class, as it stands in JSON. */
  override readonly name = "AbortedError";

  /** Who ended it: the caller, a limit of the caller's, a client of opencode's API, or a signal. */
  get abortedBy(): FactsOf<"aborted">["abortedBy"] {
    return this.facts.abortedBy;
  }
  /** The signal that ended opencode, such as `SIGTERM`. */
  get signal(): string | undefined {
    return this.facts.signal;
  }
}

/** The turn, or one request to the provider, took longer than it may. */
export class TimeoutError extends OpenCodeError<FactsOf<"timeout">> {
  /** The class, as it stands in JSON. */
  override readonly name = "TimeoutError";

  /** What took too long: the whole turn, or one request to the provider. */
  get limit(): "turn" | "request" {
    return this.facts.limit;
  }
  /** After how many milliseconds it was given up. */
  get afterMs(): number | undefined {
    return this.facts.afterMs;
  }
  /** Why the last request failed before the time was up, where no answer came after it. */
  get lastFailure(): FactsOf<"timeout">["lastFailure"] {
    return this.facts.lastFailure;
  }
}

/**
 * The model turned in circles, and the turn ended over it: it called the same tool with the same arguments again and
 * again, or gave the same answer without a tool, or was asked again and again for more than its context holds.
 */
export class DoomLoopError extends OpenCodeError<FactsOf<"doom_loop">> {
  /** The class, as it stands in JSON. */
  override readonly name = "DoomLoopError";

  /** null where no tool was called. */
  get tool(): string | null {
    return this.facts.tool;
  }
  /** The arguments it was called with each time, as JSON text; null without a tool. */
  get arguments(): string | null {
    return this.facts.arguments;
  }
  /** What the model answered each time; undefined where a tool was called, or no answer came. */
  get answer(): FactsOf<"doom_loop">["answer"] {
    return this.facts.answer;
  }
  /** How often it happened in a row. */
  get count(): number {
    return this.facts.count;
  }
  /** What went wrong the last time; undefined where nothing did. */
  get lastError(): string | undefined {
    return this.facts.lastError;
  }
}

/** A failure that no rule knows; `stderr` may say more. */
export class UnknownOpenCodeError extends OpenCodeError<FactsOf<"unknown">> {
  /** The class, as it stands in JSON. */
  override readonly name = "UnknownOpenCodeError";
}

/** Any error of the family; discriminated by `code`. */
export type AnyOpenCodeError =
  | RateLimitError
  | AuthenticationError
  | BillingError
  | InvalidRequestError
  | StartFailedError
  | ServerError
  | MaxOutputTokensError
  | ContentFilterError
  | InvalidOutputError
  | PermissionRejectedError
  | AbortedError
  | TimeoutError
  | DoomLoopError
  | UnknownOpenCodeError;

/** The error of the class that the facts belong to, to be thrown. */
export function errorFromFacts(facts: ErrorFacts, options?: ErrorOptions): AnyOpenCodeError {
  switch (facts.code) {
    case "rate_limit":
      return new RateLimitError(facts, options);
    case "authentication_failed":
      return new AuthenticationError(facts, options);
    case "billing_error":
      return new BillingError(facts, options);
    case "invalid_request":
      return new InvalidRequestError(facts, options);
    case "start_failed":
      return new StartFailedError(facts, options);
    case "server_error":
      return new ServerError(facts, options);
    case "max_output_tokens":
      return new MaxOutputTokensError(facts, options);
    case "content_filter":
      return new ContentFilterError(facts, options);
    case "invalid_output":
      return new InvalidOutputError(facts, options);
    case "permission_rejected":
      return new PermissionRejectedError(facts, options);
    case "aborted":
      return new AbortedError(facts, options);
    case "timeout":
      return new TimeoutError(facts, options);
    case "doom_loop":
      return new DoomLoopError(facts, options);
    case "unknown":
      return new UnknownOpenCodeError(facts, options);
    default:
      return facts satisfies never;
  }
}
