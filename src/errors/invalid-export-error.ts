/**
 * The text given to looptrace is not an export that a trace can be computed from. The message says which source, what
 * was wrong, where in it, and what to do next.
 */
export class InvalidExportError extends Error {
  /** The class, as it stands in JSON. */
  override readonly name = "InvalidExportError";
  /** Tells it from errors of turns. */
  readonly code = "invalid_export";

  constructor(
    /** Where the text came from: a file's path, `-`, or a session id. */
    readonly source: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${source}: ${problem}`, options);
  }
}
