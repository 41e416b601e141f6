import { readFileSync } from "node:fs";
import { isStepPath } from "../view/step-path.js";
import { Command, CommanderError, InvalidArgumentError } from "./commander.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import { withMasking } from "./masking.js";
import { markMessage, messageOf } from "./message.js";
import { parseDuration } from "./parse-duration.js";
import { parseAmount, parseCount, parseCountFrom } from "./parse-number.js";
import { collectToolBudget } from "./parse-tool-budget.js";
import { collect, parseText, withTraceOptions } from "./shared-options.js";
import type { Terminal } from "./terminal.js";

const EXIT_CODES = `
Exit codes:
  0    the turn succeeded and its trace is where it belongs
  1    the agent's turn failed; one line says why, --json has it whole
       (check: a budget does not hold)
  2    wrong usage, configuration or input
  3    the turn is fine, but its trace could not be delivered (it is in the outbox) or kept
  130  interrupted; what happened so far is recorded`;

const TRACE_EXIT_CODES = `
Exit codes:
  0    every trace is where it belongs, also that of a turn that failed
  2    wrong usage, configuration or input
  3    a trace could not be delivered; it is in the outbox
  130  interrupted`;

const SHOW_EXIT_CODES = `
Exit codes:
  0    shown, also when the turn failed
  2    wrong usage or input
  130  interrupted`;

const CHECK_EXIT_CODES = `
Exit codes:
  0    all budgets hold
  1    a budget does not hold, or nobody can tell whether it does
  2    wrong usage or configuration: no budget, no session, a source that cannot be read
  130  interrupted`;

const TOOLS_EXIT_CODES = `
Exit codes:
  0    shown
  2    wrong usage or input; what could be read of several sessions is shown all the same
  130  interrupted`;

const REPORT_EXIT_CODES = `
Exit codes:
  0    written, also when the turn failed
  2    wrong usage or input, or the file cannot be written
  130  interrupted`;

const PUSH_EXIT_CODES = `
Exit codes:
  0    nothing waits for the configured destinations any more; what waits for others is told
       (with --status or --discard: it was shown or thrown away)
  2    wrong usage or configuration
  3    something still waits for them, or was refused for good; or none is configured, and
       something waits
  130  interrupted`;

const ENVIRONMENT = `
Where traces go (both may be set; without any they stay on this machine):
  LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY, LANGFUSE_BASE_URL
  OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS
Also read: LANGFUSE_TRACING_ENVIRONMENT, LANGFUSE_RELEASE, LANGFUSE_USER_ID, TRACEPARENT, OTEL_SERVICE_NAME,
  OTEL_RESOURCE_ATTRIBUTES, LOOPTRACE_OPENCODE, LOOPTRACE_HOME (else XDG_DATA_HOME), NO_COLOR, FORCE_COLOR.
Settings that stay are kept in looptrace.config.json, in the working directory or above it.`;

/**
 * Runs one command line.
 *
 * The commands are loaded when they are called: `--help` must not wait for packages that it does not need.
 *
 * @param argv the arguments without node and the script
 * @returns the exit code; never throws for what a user can cause
 */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok;
  // Commander takes what stands behind `--` for more of the message.
  const end = argv[0] === "run" ? argv.indexOf("--") : -1;
  const extra = end < 0 ? [] : argv.slice(end + 1);
  const program = buildProgram(terminal, extra, (code) => {
    exit = code;
  });
  const words = markMessage(end < 0 ? argv : argv.slice(0, end), program);
  try {
    await program.parseAsync(words, { from: "user" });
    return exit;
  } catch (error) {
    // Commander has said already what was wrong; its code for --help and --version is 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { reportError } = await import("./report-error.js");
    return reportError(error, terminal);
  }
}

function buildProgram(
  terminal: Terminal,
  extra: readonly string[],
  finish: (code: ExitCode) => void,
): Command {
  const program = new Command("looptrace")
    .description("Runs opencode with tracing on, and turns its sessions into Langfuse traces.")
    .version(readVersion(), "-V, --version", "print looptrace's version")
    .helpCommand(true)
    .showHelpAfterError("(--help shows how)")
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHelpWidth: () => terminal.width,
    })
    .enablePositionalOptions()
    .addHelpText("after", `${ENVIRONMENT}\n${EXIT_CODES}`);

  const run = program
    .command("run")
    .summary("run opencode with tracing on")
    .description("Runs opencode on a message, prints its answer, and traces what its loop did.")
    .argument(
      "[message...]",
      "what to do; - reads it from standard input; what stands behind -- goes to opencode as it is",
    )
    .option("-m, --model <provider/model>", "model to use", parseText)
    .option("--agent <name>", "opencode's agent to use", parseText)
    .option("--variant <name>", "the model's variant, such as high", parseText)
    .option("-d, --dir <directory>", "where opencode works", parseText)
    .option("-f, --file <path>", "a file to attach; can be given several times", collect)
    .option("-s, --session <id>", "go on with this session", parseText)
    .option("-c, --continue", "go on with the project's last session")
    .option("--fork", "go on in a copy of the session")
    .option("--title <title>", "the session's title", parseText)
    .option("--system <text>", "system prompt of the agent", parseText)
    .option("--system-file <path>", "the same from a file", parseText)
    .option("--mcp <name=url>", "a remote MCP server; can be given several times", collect)
    .option(
      "--mcp-header <name=Header:value>",
      "a header for that server; {env:NAME} is read by opencode",
      collect,
    )
    .option("--timeout <duration>", "deadline of the whole run (default: 10m)", parseDuration)
    .option(
      "--retries <n>",
      "run a failed turn again so often, where its error allows (default: 0)",
      parseCount,
    )
    .option("--patience <duration>", "how long to wait for a rate limit to end (default: 60s)", parseDuration)
    .option(
      "--fallback-model <provider/model>",
      "go on with it after rate limit, server, authentication or billing errors; can be given several times",
      collect,
    )
    .option("--max-steps <n>", "stop when the loop wants more steps", parseCountFrom(1))
    .option(
      "--max-tokens <n>",
      "stop when the calls took more tokens, cached ones included",
      parseCountFrom(1),
    )
    .option("--max-cost <usd>", "stop when the calls cost more, as far as opencode knows prices", parseAmount)
    .option(
      "--max-attempts <n>",
      "stop when opencode has asked the model so often in vain and goes on (default: 6; opencode before 1.18 never gives up)",
      parseCountFrom(1),
    )
    .option(
      "--halt-on-doom-loop",
      "stop when the same tool call fails, or gives the same result, 3 times in a row",
    )
    .option("--doom-loop-threshold <n>", "the same, with another number of times", parseCountFrom(2))
    .option("--auto", "approve every permission that is not explicitly denied")
    .option("--project-config", "let opencode read the project's opencode.json")
    .option("--opencode <path>", "the opencode to use (LOOPTRACE_OPENCODE)", parseText)
    .option("--log-dir <folder>", "write a readable transcript of the session there", parseText)
    .option("-q, --quiet", "no progress")
    .option("--json", "print the result with its traces as JSON")
    // So that a message may begin with a hyphen; what looks like an option is refused by messageOf.
    .allowUnknownOption();
  withMasking(withTraceOptions(run))
    .addHelpText(
      "after",
      `
Examples:
  looptrace run "Fix the failing test"
  looptrace run -m anthropic/claude-sonnet-4-6 --timeout 20m --tag nightly "Update the changelog"
  looptrace run --continue "Now add a test for it"
  git diff | looptrace run - --json
  looptrace run "Look into ticket 7" --mcp tickets=http://127.0.0.1:8000/mcp -- --share
${EXIT_CODES}`,
    )
    .action(async (words: string[], flags, command: Command) => {
      const message = await messageOf(words, command, terminal);
      const commands = await import("./commands/run.js");
      finish(await commands.run(message, extra, flags, terminal));
    });

  const trace = withSources(
    program
      .command("trace")
      .summary("trace sessions that already happened")
      .description(
        "Computes the traces of past sessions and sends them to where they belong. What a destination has already is not sent again.",
      ),
    "the project's last session",
  )
    .option("--force", "send also what was sent before; Langfuse counts it twice until its database merges")
    .option("--json", "print the traces and what became of them as JSON");
  withTraceOptions(trace)
    .addHelpText(
      "after",
      `
Examples:
  looptrace trace --last
  looptrace trace ses_e03b66d38ffe7m0arJ0ehJm9sO
  looptrace trace exports/*.json --environment ci
  looptrace trace --since 7d
${TRACE_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("./commands/trace.js");
      finish(await commands.trace(sources, flags, terminal));
    });

  withSources(
    program
      .command("show")
      .summary("show the trace as a tree")
      .description(
        "Shows the traces of sessions in the terminal: steps, calls, tools, time, tokens, errors. Nothing is sent.",
      ),
    "the session that looptrace saw last, else the project's last one",
  )
    .option("--fresh", "ask opencode anew instead of showing what looptrace has kept of the session")
    .option(
      "--depth <n>",
      "how deep: 1 the steps, 2 their calls, tools, retries and events, 3 the subagents, 4 their steps, and so on",
      parseCountFrom(1),
    )
    .option("--errors", "only the rows with errors and warnings, and what they stand below")
    .option(
      "--slow <duration>",
      "only calls, tools and retries that took so long, such as 500ms or 2s, and what they stand below",
      parseDuration,
    )
    .option(
      "--step <n>",
      "one step whole: thinking, text, each tool's arguments and result; 5/0/2 is step 2 of the first subagent in step 5",
      parseStepPath,
    )
    .option("--turn <n>", "only this turn of the session, from 1", parseCountFrom(1))
    .option("--json", "print the traces as JSON, whole whatever is filtered; with --step that step")
    .option("--width <columns>", "width of the tree (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
Steps, and the subagents that a step started, are counted from 0. A step is named by the way to it:
5 is step 5 of the turn, 5/0/2 step 2 of the first subagent (0) that step 5 started, and so on
deeper. Each turn of a session has a step 0; --turn picks one.

Columns:
  time     ~ before it: only a bound is known
  in       the whole prompt of a call, what came from the provider's cache included
  cached   that part of it
  out      what the model wrote, without its thinking
  think    its thinking, where the provider counts it apart
  0 … 9s   when each began and how long it took, from 100 columns on where there is room

Examples:
  looptrace show --last
  looptrace show --last --errors
  looptrace show --last --slow 10s
  looptrace show --last --turn 2 --step 5
  opencode export ses_… > session.json && looptrace show session.json --json | jq '.[0].loop.totalsWithSubagents'
${SHOW_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("./commands/show.js");
      finish(await commands.show(sources, flags, terminal));
    });

  withSources(
    program
      .command("tokens")
      .summary("show how the context grew, and why")
      .description(
        "Shows, call by call, how many tokens the context held, what of it came from the cache, how much it grew, and what made it grow. Nothing is sent.",
      ),
    "the session that looptrace saw last, else the project's last one",
  )
    .option("--top", "the biggest contributors, each with the call that it came with")
    .option("--fresh", "ask opencode anew instead of showing what looptrace has kept of the session")
    .option("--json", "print the calls with all causes as JSON")
    .option("--csv", "print the calls as CSV, a row each, without the causes")
    .option("--width <columns>", "width of the table (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
Columns:
  context    what the context held after the call: in, out and think together
  growth     against the call before; none on a turn's first call
  in         the whole prompt, what came from the provider's cache included
  cached     that part of it; the rest was read anew, or written to the cache
  caused by  what the growth is made of, on the first call the context itself; the answer
             itself is what the model wrote, thinking included
Where the terminal is narrow, the bar goes first, then think, cost, out, cached and in.
With --top, share is of all that came into the contexts of the turn and its subagents.

What the model wrote is counted by the provider. What came in between two calls is counted
together, so each tool result and text gets its share by size; on the first call the prompt is
estimated by its size, and what remains is the system prompt and the tools. All adds up exactly.

Examples:
  looptrace tokens --last
  looptrace tokens --top session.json
  looptrace tokens --since 7d --csv > calls.csv
${SHOW_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("./commands/tokens.js");
      finish(await commands.tokens(sources, flags, terminal));
    });

  withSources(
    program
      .command("tools")
      .summary("show how long each tool took, and which calls were slow")
      .description(
        "Shows for each tool how often it was called, how often it failed and how long it took, and the slowest calls with their arguments: one table over all sessions that are named. Nothing is sent.",
      ),
    "the session that looptrace saw last, else the project's last one",
  )
    .option("--by-server", "put the tools together by MCP server; opencode's own are opencode")
    .option("--slowest <n>", "how many of the slowest calls to show (default: 5)", parseCount)
    .option("--fresh", "ask opencode anew instead of showing what looptrace has kept of the session")
    .option("--json", "print the table and the slowest calls as JSON")
    .option("--csv", "print the table as CSV, a row each, times in ms")
    .option("--width <columns>", "width of the table (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
Columns:
  calls    all of them, subagents' too; not those in turns that a fork copied from another session
  failed   of those that ended
  p50 …    percentiles by nearest rank, so each is a call's real time: p99 of fewer than 100
           calls is the longest. Failed calls count, unfinished ones do not
  total    the calls' times added up
  share    of the turns' time, how much had at least one such call at work; overlaps count once
  ~        before a time: of one or more of the calls only a bound is known
  *        behind a tool: a subagent's whole time is in it, and the subagent's tools count too

Which server a tool belongs to is told by its name (server_tool).

Examples:
  looptrace tools --last
  looptrace tools --since 7d --by-server
  looptrace tools exports/*.json --slowest 20
  looptrace tools --all --csv > tools.csv
  looptrace tools --last --json | jq '.tools[] | select(.errors > 0).name'
${TOOLS_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("./commands/tools.js");
      finish(await commands.tools(sources, flags, terminal));
    });

  program
    .command("diff")
    .summary("compare two sessions")
    .description(
      "Shows two sessions side by side, turn by turn: outcome, model, steps, calls, tokens, cost, time, tools, and the first step where they part. Nothing is sent.",
    )
    .argument("<a>", "a session's id, a file of `opencode export`, or - for standard input")
    .argument("<b>", "the other one")
    .option(
      "--subagent <file>",
      "a file with a subagent's session, put where it belongs; can be given several times",
      collect,
    )
    .option("--opencode <path>", "the opencode to ask (LOOPTRACE_OPENCODE)", parseText)
    .option("--fresh", "ask opencode anew instead of comparing what looptrace has kept of the sessions")
    .option("--json", "print the comparison as JSON")
    .option("--csv", "print it as CSV, a row a figure")
    .option("--width <columns>", "width of the table (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
The figures of a turn hold its subagents' too, but for the context and the time, which are the
turn's own. input is what was neither read from the cache nor written to it. Two turns part at the
first step that calls other tools, or the same with other arguments, or writes something else;
paths below each session's directory count as relative to it, so that two checkouts can be
compared. In --json and --csv turns and steps count from 0.

Examples:
  looptrace diff before.json after.json
  looptrace diff ses_e03b66d38ffe7m0arJ0ehJm9sO ses_e03b020a2ffeR2xip0hUAj0456 --csv > diff.csv
  opencode export ses_… | looptrace diff before.json - --json | jq '.turns[0].parting'
${SHOW_EXIT_CODES}`,
    )
    .action(async (a: string, b: string, flags) => {
      const commands = await import("./commands/diff.js");
      finish(await commands.diff(a, b, flags, terminal));
    });

  withSources(
    program
      .command("check")
      .summary("hold sessions to budgets, for CI")
      .description(
        "Checks that sessions stay within budgets, and says by how much they do not. Each budget is for each session: the sum of its turns with their subagents. Nothing is sent.",
      ),
    "the session that looptrace saw last, else the project's last one",
  )
    .option("--max-cost <usd>", "what the calls may cost; fails where opencode knows no price", parseAmount)
    .option("--max-tokens <n>", "what the calls may take, cached tokens included", parseCountFrom(1))
    .option(
      "--max-duration <duration>",
      "how long the turns may take, without the time between them",
      parseDuration,
    )
    .option("--max-steps <n>", "how many steps there may be", parseCountFrom(1))
    .option(
      "--max-tool <[tool:]stat=duration>",
      "how long tools may take: p1 to p100, max or sum; can be given several times",
      collectToolBudget,
    )
    .option("--no-errors", "no turn may fail; what it got over is no failure")
    .option("--no-tool-errors", "no tool call may fail, not even one that the model got over")
    .option("--no-doom-loop", "no tool call may be made 3 times in a row in vain")
    .option("--fresh", "ask opencode anew instead of checking what looptrace has kept of the session")
    .option("--json", "print the results as JSON")
    .option("--junit <file|->", "write the results as JUnit XML, a test case a budget", parseText)
    .option("--width <columns>", "width of the text (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
Budgets may also stand under "check" in looptrace.config.json, named maxCost, maxTokens,
maxDuration, maxSteps, maxTool (a list), noErrors, noToolErrors and noDoomLoop; flags come first.
A value equal to its limit holds. What is not known, such as the cost of a model without a
price, does not hold. Where a subagent's session is missing, or a turn has no end, what is known
counts, and a warning says so. A turn that a fork copied counts zero.

Examples:
  looptrace check --last --max-cost 0.50 --max-steps 30 --no-errors
  looptrace check session.json --max-tool p90=5s --max-tool bash:max=1m
  looptrace check --since 1d --no-doom-loop --junit reports/looptrace.xml
${CHECK_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("./commands/check.js");
      finish(await commands.check(sources, flags, terminal));
    });

  withSources(
    program
      .command("report")
      .summary("write the trace as one HTML page")
      .description(
        "Writes the traces of sessions as one HTML file that needs nothing else: a waterfall with every call's input, thinking, text and tool calls, how the tokens accumulated, how long the tools took, where the time went, the errors. Nothing is sent; the file holds what the sessions hold.",
      ),
    "the session that looptrace saw last, else the project's last one",
  )
    .option(
      "-o, --output <file>",
      "file to write; - for standard output (default, unless it is a terminal)",
      parseText,
    )
    .option("--title <title>", "the page's title (default: the session's)", parseText)
    .option("--fresh", "ask opencode anew instead of reporting what looptrace has kept of the session")
    .option("--json", "print what was written as JSON")
    .addHelpText(
      "after",
      `
In the page: / searches everything, the arrow keys walk and fold, Enter opens a row's details,
Escape closes them, + and - zoom, z zooms to the row, 0 shows all.

Examples:
  looptrace report --last -o report.html
  looptrace report parent.json child.json -o report.html --title "Nightly run"
  looptrace report --since 7d -o week.html
  opencode export ses_… | looptrace report - > report.html
${REPORT_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("./commands/report.js");
      finish(await commands.report(sources, flags, terminal));
    });

  program
    .command("push")
    .summary("deliver what is still in the outbox")
    .description("Delivers traces that could not be delivered earlier.")
    .option("--status", "show what waits, for whom and since when, and send nothing")
    .option(
      "--discard <destination>",
      "throw away what waits for it, without asking; --status shows the ids in [ ]",
      parseText,
    )
    .option("--timeout <duration>", "how long to try (default: 60s)", parseDuration)
    .option("--watch", "go on delivering what comes into the outbox, until interrupted")
    .option("--every <duration>", "how long to pause between two looks (default: 30s)", parseDuration)
    .option("--json", "print it as JSON; with --watch a line for each report")
    .addHelpText(
      "after",
      `
Examples:
  looptrace push
  looptrace push --status
  looptrace push --watch --every 5m
  looptrace push --discard 1f0c9a52d4e87b36
${PUSH_EXIT_CODES}`,
    )
    .action(async (flags) => {
      const commands = await import("./commands/push.js");
      finish(await commands.push(flags, terminal));
    });
  return program;
}

function withSources(command: Command, last: string): Command {
  return withMasking(command)
    .argument("[session|file|-...]", "session ids, files of `opencode export`, - for standard input")
    .option("--last", last)
    .option("--all", "all sessions of the project")
    .option("--since <duration|date>", "the project's sessions since then, such as 7d")
    .option("--opencode <path>", "the opencode to ask (LOOPTRACE_OPENCODE)", parseText);
}

function parseWidth(text: string): number {
  const width = Number(text);
  if (Number.isInteger(width) && width >= 20) return width;
  throw new InvalidArgumentError("Give a number of columns, 20 or more.");
}

function parseStepPath(text: string): string {
  if (isStepPath(text)) return text;
  throw new InvalidArgumentError(
    "Give a step such as 5, or 5/0/2 for step 2 of the first subagent that step 5 started.",
  );
}

/** Read without a schema, since loading one takes longer than all else that `--help` does. */
function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? "unknown";
}
