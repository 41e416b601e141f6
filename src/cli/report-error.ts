import { SETTINGS } from "../agent/setting-surfaces.js";
import { RunRequestError } from "../errors/run-request-error.js";
import { messageOf } from "../errors/thrown.js";
import { describeDiskFailure } from "../files/disk-failure.js";
import { UnfitFileError } from "../files/own-files.js";
import { severalLines } from "../text/terminal-text.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import type { Terminal } from "./terminal.js";

/**
 * Errors whose message is written for the person at the terminal: it says what is wrong and what to do next.
 */
const EXPLAINED: ReadonlySet<string> = new Set([
  "invalid_export",
  "configuration",
  "invalid_run_request",
  "opencode_not_found",
  "opencode_command_failed",
  "session_not_found",
  "langfuse_api",
]);

/** What fields of a request that are no settings are called on the command line. */
const WORDS: Readonly<Record<string, string>> = {
  message: "the message",
  extraArguments: "the arguments behind --",
  live: "--live",
};

/** The flag that gives a setting its value, such as `--dir` for `directory`. */
function flagOf(field: string): string | undefined {
  const setting = SETTINGS.find(([name]) => name === field)?.[1];
  const flags = setting === undefined ? [] : Object.values(setting.flags);
  const flag = flags.find(({ takes }) => takes !== "switch") ?? flags[0];
  return flag && /--[\w-]+/.exec(flag.flag)?.[0];
}

function typedName(field: string): string {
  return WORDS[field] ?? flagOf(field) ?? field;
}

function inFlags({ field, problem: told }: RunRequestError): string {
  const name = typedName(field);
  const problem = told.replace(
    /^(cannot go with )(\w+)(?:=false)?/,
    (_, said: string, other: string) => said + typedName(other),
  );
  // Some problems are said of the field, the others of its value.
  return /^(?:is|are|needs|cannot|contains?) /.test(problem) ? `${name} ${problem}` : `${name}: ${problem}`;
}

/** What the system refuses anywhere, or what is too much for the engine, in words; undefined for all else. */
function sayable(error: unknown): string | undefined {
  if (error instanceof RangeError && /call stack/.test(error.message))
    return "something in what was read is nested too deeply to be worked on.";
  if (error instanceof UnfitFileError) return `${error.message}.`;
  if (!(error instanceof Error) || !("syscall" in error) || typeof error.syscall !== "string") return undefined;
  const where = "path" in error && typeof error.path === "string" ? ` ${error.path}` : "";
  return `${error.syscall}${where}: ${describeDiskFailure(error)}.`;
}

/** What is wrong, in the words of the command line. */
export function errorText(error: unknown): string {
  return error instanceof RunRequestError ? inFlags(error) : (sayable(error) ?? messageOf(error));
}

/** Whether what is wrong can be put right by who typed the command. */
export function isExplained(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && EXPLAINED.has(error.code);
}

/**
 * Says on one or a few lines what went wrong, never a stack trace, and gives the exit code.
 *
 * A failure that is not foreseen says so, and how to see more; `LOOPTRACE_DEBUG=1` shows its stack.
 */
export function reportError(error: unknown, terminal: Terminal): ExitCode {
  // It may quote a file or a program that is not trusted.
  terminal.err(`looptrace: ${severalLines(errorText(error))}\n`);
  if (terminal.env.LOOPTRACE_DEBUG && error instanceof Error && error.stack) terminal.err(`${error.stack}\n`);
  else if (!isExplained(error) && sayable(error) === undefined)
    terminal.err("This should not happen; LOOPTRACE_DEBUG=1 shows where it did.\n");
  return EXIT.usage;
}
