import { type Command, Option } from "../commander.js";
import { messageOf } from "../message.js";
import { parseDuration } from "../parse-duration.js";
import { parseAmount, parseCount, parseCountFrom } from "../parse-number.js";
import { collect, parseText, withMasking, withTraceOptions } from "../shared-options.js";
import type { Surroundings } from "./definition.js";
import { EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace run` as the command line knows it. */
export function defineRun(program: Command, { terminal, extra, finish }: Surroundings): void {
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
      "stop when the same tool call fails, or gives the same result, 3 times in a row, or the same answer comes without a tool",
    )
    .option("--doom-loop-threshold <n>", "the same, with another number of times", parseCountFrom(2))
    .option("--schema <file>", "ask for a structured answer: a JSON schema, to which it is held", parseText)
    .option("--auto", "approve every permission that is not explicitly denied")
    .option("--project-config", "let opencode read the project's opencode.json")
    .addOption(
      new Option(
        "--driver <driver>",
        "how opencode is driven: by a server, by opencode run, or as it fits",
      ).choices(["auto", "server", "cli"]),
    )
    .option("--opencode <path>", "the opencode to use (LOOPTRACE_OPENCODE)", parseText)
    .option("--log-dir <folder>", "write a readable transcript of the session there", parseText)
    .option("--live", "send finished spans while the session runs")
    .option("-q, --quiet", "no progress")
    .option("--json", "print the result with its traces as JSON")
    // So that a message may begin with a hyphen; what looks like an option is refused by messageOf.
    .allowUnknownOption();
  withMasking(withTraceOptions(run))
    .addHelpText(
      "after",
      `
Standard output gets a whole answer or nothing: what is less is left out, and a line on
standard error says how to see what there was of it. --json has it as text.

Examples:
  looptrace run "Fix the failing test"
  looptrace run -m anthropic/claude-sonnet-4-6 --timeout 20m --tag nightly "Update the changelog"
  looptrace run --continue "Now add a test for it"
  git diff | looptrace run - --json
  looptrace run --schema verdict.schema.json "Is the changelog up to date?"
  looptrace run "Look into ticket 7" --mcp tickets=http://127.0.0.1:8000/mcp -- --share
${EXIT_CODES}`,
    )
    .action(async (words: string[], flags, command: Command) => {
      const message = await messageOf(words, command, terminal);
      const { earlyServer } = await import("../early-server.js");
      const servers = earlyServer(flags, extra, terminal);
      try {
        const commands = await import("../commands/run.js");
        finish(await commands.run(message, { extra, servers }, flags, terminal));
      } finally {
        await servers.close();
      }
    });
}
