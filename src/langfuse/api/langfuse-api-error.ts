/**
 * What became of a question to a Langfuse that was not answered. `missing`: it has no such endpoint, or nothing of that
 * id; `refused`: what was asked is wrong; `throttled`: its limit holds for longer than anything should wait.
 */
export type LangfuseFailure =
  | "unauthorised"
  | "missing"
  | "refused"
  | "throttled"
  | "unavailable"
  | "misread"
  | "too_large"
  | "interrupted";

/** A Langfuse did not answer. The message is one line for people, with what to do; it never holds a secret. */
export class LangfuseApiError extends Error {
  /** The class, as it stands in JSON. */
  override readonly name = "LangfuseApiError";
  /** Tells it from errors of turns. */
  readonly code = "langfuse_api";

  /** @param message what went wrong and what to do next */
  constructor(
    /** What kind of failure it is. */
    readonly kind: LangfuseFailure,
    message: string,
    /** The HTTP status; undefined where no answer came. */
    readonly status?: number,
  ) {
    super(message);
  }
}
