import { type Command, CommanderError } from "commander";
import { nearest } from "../text/nearest.js";
import { defineAdvise } from "./definitions/advise.js";
import { defineAttach } from "./definitions/attach.js";
import { defineBatch } from "./definitions/batch.js";
import { defineCheck } from "./definitions/check.js";
import { defineCompletion } from "./definitions/completion.js";
import { defineContext } from "./definitions/context.js";
import { defineDashboard } from "./definitions/dashboard.js";
import { defineDiff } from "./definitions/diff.js";
import { defineDoctor } from "./definitions/doctor.js";
import { EXIT_CODES } from "./definitions/exit-code-texts.js";
import { defineExperiment } from "./definitions/experiment.js";
import { defineExport } from "./definitions/export.js";
import { defineLs } from "./definitions/ls.js";
import { definePush } from "./definitions/push.js";
import { defineReport } from "./definitions/report.js";
import { defineRun } from "./definitions/run.js";
import { defineServer } from "./definitions/server.js";
import { defineShow } from "./definitions/show.js";
import { defineStats } from "./definitions/stats.js";
import { defineTokens } from "./definitions/tokens.js";
import { defineTools } from "./definitions/tools.js";
import { defineTrace } from "./definitions/trace.js";
import { defineTrust } from "./definitions/trust.js";
import { defineVerify } from "./definitions/verify.js";
import { defineView } from "./definitions/view.js";
import { defineWatch } from "./definitions/watch.js";
import { defineWire } from "./definitions/wire.js";
import { defineWorker } from "./definitions/worker.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import { HelpfulCommand } from "./help-text.js";
import { markMessage } from "./message.js";
import { ownVersion } from "./own-version.js";
import { type KnownCommands, parserWords } from "./parser-words.js";
import type { Terminal } from "./terminal.js";
import { helpWidth } from "./terminal-width.js";

/** What `--help` says of the environment. */
export const ENVIRONMENT = `
Where traces go (both may be set; without any they stay on this machine):
  LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY, LANGFUSE_BASE_URL
  OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, and likewise
  _PROTOCOL, _COMPRESSION, _TIMEOUT, _CERTIFICATE, _CLIENT_CERTIFICATE, _CLIENT_KEY
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY

Also read:
  LANGFUSE_TRACING_ENVIRONMENT, LANGFUSE_RELEASE, LANGFUSE_USER_ID, TRACEPARENT, OTEL_SERVICE_NAME,
  OTEL_RESOURCE_ATTRIBUTES, LOOPTRACE_OPENCODE, LOOPTRACE_HOME (else XDG_DATA_HOME), LOOPTRACE_REDIS_PASSWORD,
  LOOPTRACE_TRUST, LOOPTRACE_WARM, LOOPTRACE_BACKGROUND, NO_COLOR, FORCE_COLOR

Settings that stay are kept in looptrace.config.json, in the working directory or above it in its git
repository. looptrace trust allows what in it could do harm.`;

/** As `--help` lists them. Each definition is loaded when it is asked for: one command needs no other. */
const COMMANDS = {
  run: () => defineRun,
  batch: () => defineBatch,
  worker: () => defineWorker,
  experiment: () => defineExperiment,
  trace: () => defineTrace,
  attach: () => defineAttach,
  watch: () => defineWatch,
  ls: () => defineLs,
  show: () => defineShow,
  tokens: () => defineTokens,
  tools: () => defineTools,
  stats: () => defineStats,
  context: () => defineContext,
  advise: () => defineAdvise,
  wire: () => defineWire,
  diff: () => defineDiff,
  check: () => defineCheck,
  report: () => defineReport,
  export: () => defineExport,
  view: () => defineView,
  push: () => definePush,
  verify: () => defineVerify,
  dashboard: () => defineDashboard,
  server: () => defineServer,
  trust: () => defineTrust,
  doctor: () => defineDoctor,
  completion: () => defineCompletion,
};

/** Commands after which more sessions may be kept. */
const KEEPING: ReadonlySet<string> = new Set(["run", "batch", "experiment", "trace", "attach", "watch"]);

/**
 * Runs one command line.
 *
 * The commands are loaded when they are called: `--help` must not wait for packages that it does not need.
 *
 * @param argv the arguments without node and the script
 * @returns the exit code
 * @throws the system's error when too few files may be open to load even what tells of errors; nothing else
 *   that a user can cause
 */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok;
  // Commander takes what stands behind `--` for more of the message.
  const end = argv[0] === "run" ? argv.indexOf("--") : -1;
  const extra = end < 0 ? [] : argv.slice(end + 1);
  const program = buildProgram(argv[0], terminal, extra, (code) => {
    exit = code;
  });
  const words = markMessage(end < 0 ? argv : argv.slice(0, end), program);
  try {
    if (argv.length === 0) {
      const { overview } = await import("./commands/overview.js");
      return await overview(terminal);
    }
    if (words[0] === "help") refuseUnknown(program, words.slice(1));
    // Commander would show the help of all for a command that there is not.
    else if (words.some((word) => word === "--help" || word === "-h")) refuseUnknown(program, words.slice(0, 1));
    await program.parseAsync(words, { from: "user" });
    // The next list finds what this command has kept in the index.
    if (argv[0] !== undefined && KEEPING.has(argv[0])) terminal.background?.(["__index"]);
    return exit;
  } catch (error) {
    // Commander has said already what was wrong; its code for --help and --version is 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { reportError } = await import("./report-error.js");
    return reportError(error, terminal);
  }
}

/** Commander shows the help of all for a command that is none. */
function refuseUnknown(program: Command, names: readonly string[]): void {
  let command = program;
  for (const name of names) {
    const next = command.commands.find((one) => one.name() === name);
    if (!next && name !== "help" && !name.startsWith("-")) {
      const near = nearest(
        name,
        command.commands.map((one) => one.name()).filter((one) => !one.startsWith("_")),
      );
      program.error(`error: unknown command '${name}'${near === undefined ? "" : `\n(Did you mean ${near}?)`}`);
    }
    command = next ?? command;
  }
}

/** The commands below others that have a name, each with the one that it is below. */
function commandsCalled(program: Command, name: string): readonly string[] {
  return program.commands.flatMap((command) =>
    command.commands.some((one) => one.name() === name) ? [`${command.name()} ${name}`] : [],
  );
}

/** The commands below one, and the words that it was given. */
function commandsBelow(program: Command, name: string): ReturnType<KnownCommands["below"]> {
  const command = program.commands.find((one) => one.name() === name);
  return { names: command?.commands.map((one) => one.name()) ?? [], said: command?.args ?? [] };
}

/** All of the command line, without doing anything: for what is written about it. */
export function wholeProgram(terminal: Terminal): Command {
  return buildProgram(undefined, terminal, [], () => {});
}

function buildProgram(
  called: string | undefined,
  terminal: Terminal,
  extra: readonly string[],
  finish: (code: ExitCode) => void,
): Command {
  const width = helpWidth(terminal);
  const known: KnownCommands = {
    called: (name) => commandsCalled(program, name),
    below: (name) => commandsBelow(program, name),
  };
  const program: Command = new HelpfulCommand("looptrace", width)
    .description("Runs opencode with tracing on, and turns its sessions into Langfuse traces.")
    .version(ownVersion(), "-V, --version", "print looptrace's version")
    .helpCommand(true)
    .showHelpAfterError("(--help shows how)")
    .exitOverride()
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHelpWidth: () => width,
      outputError: (text, write) => write(parserWords(text, known)),
    })
    .enablePositionalOptions()
    .addHelpText("after", `${ENVIRONMENT}\n${EXIT_CODES}`);

  const context = { terminal, extra, finish };
  for (const definition of definitionsFor(called)) definition()(program, context);
  return program;
}

/** Of the command that is called, since it would wait for those of the others; for `--help` and a misspelt one all. */
function definitionsFor(called: string | undefined) {
  const definition = Object.entries(COMMANDS).find(([name]) => name === called)?.[1];
  return definition ? [definition] : Object.values(COMMANDS);
}
