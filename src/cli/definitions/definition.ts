import type { ExitCode } from "../exit-codes.js";
import type { Terminal } from "../terminal.js";

/** What the definition of a command works with. What the command does is loaded when it is called. */
export interface ProgramContext {
  readonly terminal: Terminal;
  /** What stood behind `--`. */
  readonly extra: readonly string[];
  readonly finish: (code: ExitCode) => void;
}
