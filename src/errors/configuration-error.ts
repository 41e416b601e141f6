/** A setting is missing, half set or unusable. The message says which and what to do; it never holds a secret. */
export class ConfigurationError extends Error {
  /** The class, as it stands in JSON. */
  override readonly name = "ConfigurationError";
  /** Tells it from errors of turns. */
  readonly code = "configuration";

  /**
   * @param message what is wrong and what to do next
   */
  constructor(
    /** The variable or option that is missing or wrong, for instance `LANGFUSE_SECRET_KEY`. */
    readonly setting: string,
    message: string,
  ) {
    super(message);
  }
}
