import type { Command } from "commander";
import { EXIT_CODES } from "./definitions/exit-code-texts.js";
import { ownVersion } from "./own-version.js";
import { ENVIRONMENT, wholeProgram } from "./program.js";
import type { Terminal } from "./terminal.js";

/**
 * The manual page: what `--help` says of looptrace and of each of its commands, for `man looptrace`. It is in roff,
 * with the macros that all `man` know.
 */
export function manPage(): string {
  const written: string[] = [];
  const program = wholeProgram(recording(written));
  const commands = program.commands.filter((command) => !command.name().startsWith("_"));
  const lines = [
    `.TH LOOPTRACE 1 "" "looptrace ${ownVersion()}" "looptrace"`,
    ".SH NAME",
    `looptrace \\- ${escaped("run opencode with tracing on, and look at its sessions")}`,
    ".SH SYNOPSIS",
    ".B looptrace",
    "\\fIcommand\\fR [\\fIoptions\\fR]",
    ".SH DESCRIPTION",
    escaped(program.description()),
    ...paragraph("Each command says with --help what it does, with examples."),
    ".SH COMMANDS",
    ...commands.flatMap((command) => tagged(command.name(), command.summary() || command.description())),
    ...commands.flatMap((command) => sectionOf(command, written)),
    ".SH ENVIRONMENT",
    ...preformatted(ENVIRONMENT).slice(1),
    ".SH EXIT STATUS",
    ...preformatted(EXIT_CODES.replace(/^\s*Exit codes:\n/, "")).slice(1),
  ];
  return `${lines.join("\n")}\n`;
}

/** A command with its options, and with those of its own commands. */
function sectionOf(command: Command, written: string[], above = "looptrace"): readonly string[] {
  const name = `${above} ${command.name()}`;
  const help = command.createHelp();
  return [
    `.SH ${escaped(name.toUpperCase())}`,
    `\\fB${escaped(name)}\\fR ${escaped(command.usage())}`,
    ...paragraph(command.description()),
    ...help.visibleOptions(command).flatMap((option) => tagged(option.flags, help.optionDescription(option))),
    ...preformatted(textBehind(command, written)),
    ...command.commands.filter((one) => one.name() !== "help").flatMap((one) => sectionOf(one, written, name)),
  ];
}

/** What stands behind the options in a command's help: its columns, examples and exit codes. */
function textBehind(command: Command, written: string[]): string {
  written.length = 0;
  command.outputHelp();
  const text = written.join("");
  const options = command.helpInformation();
  return text.startsWith(options) ? text.slice(options.length) : "";
}

/** As wide as a page is. */
const COLUMNS = 80;

function recording(written: string[]): Terminal {
  return {
    env: {},
    cwd: "/",
    out: (text) => {
      written.push(text);
    },
    err: () => {},
    readStdin: async () => "",
    outIsTty: false,
    errIsTty: false,
    width: COLUMNS,
    errWidth: COLUMNS,
    errHeight: 24,
  };
}

function paragraph(text: string): readonly string[] {
  return [".PP", escaped(text)];
}

function tagged(tag: string, text: string): readonly string[] {
  return [".TP", `\\fB${escaped(tag)}\\fR`, escaped(text)];
}

/** Lines as they are, with a paragraph for each block that blank lines set apart. */
function preformatted(text: string): readonly string[] {
  const blocks = text.trim().split(/\n{2,}/);
  return blocks.flatMap((block) => (block === "" ? [] : [".PP", ".nf", ...block.split("\n").map(escaped), ".fi"]));
}

/** Text that roff takes for nothing but text. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(
      /[^\x20-\x7e\n]/gu,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
    )
    .replace(/^(?=[.'])/gm, "\\&");
}
