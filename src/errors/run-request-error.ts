/**
 * What was asked for cannot be run; found out before opencode was given the prompt, mostly before it was started. The
 * message says what to change.
 */
export class RunRequestError extends Error {
  /** The class, as it stands in JSON. */
  override readonly name = "RunRequestError";
  /** Tells it from errors of turns. */
  readonly code = "invalid_run_request";

  constructor(
    /** The field of the request (or the environment variable) that is at fault. */
    readonly field: string,
    /** What is wrong with it, as the message says it behind the field's name: either of the field, or of its value. */
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`${field}: ${problem}`, options);
  }
}
