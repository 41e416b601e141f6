/**
 * A setting is missing, half set or unusable. The message names the setting and says what to do; it never holds a
 * secret.
 */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code = "configuration";

  /**
   * @param setting the variable or option that is missing or wrong, for instance `LANGFUSE_SECRET_KEY`
   * @param message what is wrong and what to do next
   */
  constructor(
    readonly setting: string,
    message: string,
  ) {
    super(message);
  }
}
