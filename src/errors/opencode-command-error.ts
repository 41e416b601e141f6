/** One of opencode's own commands (`export`, `session list`, or the start of a run) did not work. */
export class OpenCodeCommandError extends Error {
  override readonly name = "OpenCodeCommandError";
  readonly code = "opencode_command_failed";
  /** The command with its arguments, for a person. */
  readonly command: string;
  /** The last lines that opencode wrote to its standard error, without control characters. */
  readonly stderr: string;

  constructor(command: string, problem: string, stderr: string, options?: ErrorOptions) {
    super(`\`${command}\` ${problem}${stderr === "" ? "" : `\nopencode said: ${stderr}`}`, options);
    this.command = command;
    this.stderr = stderr;
  }
}
