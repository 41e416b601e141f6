/** One of opencode's own commands (`export`, `session list`, `serve`, or the start of a run) did not work. */
export class OpenCodeCommandError extends Error {
  /** The class, as it stands in JSON. */
  override readonly name = "OpenCodeCommandError";
  /** Tells it from errors of turns. */
  readonly code = "opencode_command_failed";

  constructor(
    /** The command with its arguments, for a person. */
    readonly command: string,
    problem: string,
    /** The last lines that opencode wrote to its standard error, without control characters. */
    readonly stderr: string,
    options?: ErrorOptions,
  ) {
    super(`\`${command}\` ${problem}${stderr === "" ? "" : `\nopencode said: ${stderr}`}`, options);
  }
}
