#!/usr/bin/env node
import { EXIT } from "./exit-codes.js";
import { builtHelp } from "./help-sheet.js";
import { ownVersion } from "./own-version.js";
import { helpWidth, widthOf } from "./terminal-width.js";
import { tellWriteErrors } from "./write-errors.js";

const exitCodeOf = tellWriteErrors();
endAtOnce();
void main();

async function main(): Promise<void> {
  try {
    const argv = process.argv.slice(2);
    // Scripts ask for it before each use, and need no parser of arguments for that.
    if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
      process.stdout.write(`${ownVersion()}\n`);
      return;
    }
    const help = argv.length === 1 && (argv[0] === "--help" || argv[0] === "-h") ? builtHelp(width()) : undefined;
    if (help !== undefined) {
      process.stdout.write(help);
      return;
    }
    const { runCli } = await import("./program.js");
    const { processTerminal } = await import("./terminal.js");
    process.exitCode = exitCodeOf(await runCli(argv, processTerminal()));
  } catch (error) {
    const problem = unloadable(error);
    if (problem === undefined) throw error;
    process.stderr.write(`looptrace: ${problem}\n`);
    process.exitCode = EXIT.usage;
  }
}

/**
 * Has Node.js leave it to the system to take away what the command has loaded: to do that itself, object by object,
 * takes it as long as its own start. By then nothing is left to be done, and all is written.
 */
function endAtOnce(): void {
  process.once("beforeExit", () => process.once("exit", () => process.exit()));
}

/** Columns of what `--help` says. */
function width(): number {
  const { isTTY = false, columns } = process.stdout;
  return helpWidth({ outIsTty: isTTY, width: widthOf(columns, process.env.COLUMNS) });
}

/** What is wrong before there is anything that tells of errors: that is loaded from files as well. */
function unloadable(error: unknown): string | undefined {
  if (!(error instanceof Error && "code" in error)) return undefined;
  if (error.code === "EMFILE" || error.code === "ENFILE")
    return "too few files may be open at once to load this command. Raise the limit, by `ulimit -n 1024` say.";
  if ("syscall" in error && error.syscall === "uv_cwd")
    return "the working directory is gone, or may not be looked up.\nChange into another one.";
  return undefined;
}
