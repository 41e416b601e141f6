import { oneLine } from "../text/bounded-text.js";
import type { ErrorFacts } from "./error-facts.js";
import { OpenCodeCommandError } from "./opencode-command-error.js";
import { OpenCodeNotFoundError } from "./opencode-not-found-error.js";
import { isRetryable } from "./retry-policy.js";
import { RunRequestError } from "./run-request-error.js";
import { SessionNotFoundError } from "./session-not-found-error.js";
import { messageOf } from "./thrown.js";

/** What the caller knows better of what was thrown. */
interface Known {
  /** One line; default the error's own message. */
  readonly message?: string;
  /** Whether it says of what was asked for that it cannot be. */
  readonly isRefusal?: boolean;
}

/** Why there was no turn, as a run's error: what was thrown in its stead. */
export function factsOfThrown(thrown: unknown, { message, isRefusal = false }: Known = {}): ErrorFacts {
  const shared = { message: message ?? oneLine(messageOf(thrown)), evidence: "process" } as const;
  if (thrown instanceof OpenCodeNotFoundError || thrown instanceof OpenCodeCommandError) {
    const said = thrown instanceof OpenCodeCommandError && thrown.stderr !== "" ? { stderr: thrown.stderr } : {};
    return { code: "start_failed", ...shared, retryable: isRetryable("start_failed"), ...said };
  }
  // What a setting is wrong for may be thrown after a turn, too: only the caller knows.
  const isOurs = thrown instanceof RunRequestError || thrown instanceof SessionNotFoundError;
  if (isRefusal || isOurs)
    return { code: "invalid_request", ...shared, retryable: isRetryable("invalid_request"), reason: "start" };
  return { code: "unknown", ...shared, retryable: isRetryable("unknown") };
}
