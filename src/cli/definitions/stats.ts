import type { Command } from "commander";
import { OUTCOME_WORDS } from "../../analysis/outcome.js";
import { DIMENSIONS } from "../../analysis/stats/dimensions.js";
import { oneOf, someOf } from "../one-of.js";
import { parseCount } from "../parse-number.js";
import { parseWidth } from "../parse-width.js";
import { fromOption, parseText, withMasking } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { TOOLS_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace stats` as the command line knows it. */
export function defineStats(program: Command, { terminal, finish }: ProgramContext): void {
  withMasking(
    program
      .command("stats")
      .summary("add up many sessions: by day, model, branch, pull request, …")
      .description(
        "Adds up all sessions that looptrace keeps, of all projects, or those that are named: turns, tokens, cost and time, by day or whatever --by says. Nothing is sent.",
      )
      .argument(
        "[session|file|-...]",
        "sessions by id or its beginning, a word of the title, or the number in `looptrace ls`; files of `opencode export`, - for standard input",
      )
      .addOption(
        someOf("--by <what>", `${DIMENSIONS.join(", ")}; several with commas (default: day)`, DIMENSIONS, {
          what: "way to put turns together",
        }),
      )
      .option("--since <duration|date>", "only turns that began since then, such as 30d or 2026-11-01")
      .option("--until <duration|date>", "only turns that began before then; a day counts as a whole")
      .option(
        "--timezone <zone>",
        "the time zone of days and weeks, such as Europe/Berlin (default: TZ, else yours)",
        parseText,
      )
      .option("--project <pattern>", "only projects whose path has it; * stands for any characters", parseText)
      .option("--model <pattern>", "only calls of such models", parseText)
      .option("--agent <pattern>", "only calls for such agents", parseText)
      .option("--branch <pattern>", "only turns on such branches", parseText)
      .option("--tag <pattern>", "only turns with such a tag", parseText)
      .addOption(
        oneOf(
          "--outcome <word>",
          "only turns that ended so: completed, unfinished, failed, or failed with an error's code (rate_limit, timeout, …)",
          OUTCOME_WORDS,
          { what: "outcome", main: ["completed", "failed", "unfinished", "an error's code such as rate_limit"] },
        ),
      )
      .option("--tools", "tell of the tools too: calls, failures and how long they took")
      .option("--explain", "say what the notes below the table mean")
      .option("--trends", "tell what got slower or dearer in the last week than in the four weeks before")
      .option("--opencode <path>", "the opencode to ask for sessions that are named (LOOPTRACE_OPENCODE)", parseText),
  )
    .addOption(fromOption())
    .option("--environment <name>", "with --from: only those of this Langfuse environment", parseText)
    .option("--top <n>", "how many rows to show of those in no order of time (default: 40)", parseCount)
    .option("--json", "print all figures as JSON")
    .option("--csv", "print the table as CSV (with --tools that of the tools), times in ms, costs in USD")
    .option("--width <columns>", "width of the table (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
A turn belongs to the day that it began on, and to the branch, commit and pull request that were there then:
looptrace's own runs write them down (the pull request from the CI's variables); for others the repository's
reflog tells the branch and the commit. What nothing tells is shown as what remains.

Columns:
  turns     with their subagents; not those that a fork copied from another session
  failed    turns that ended in an error
  calls …   with --by model and --by agent, calls, tokens and cost are those of the model and the agent that
            took them, a subagent's too; turns, failures and times are the turn's own
  cache hit share of the prompts that came from the provider's cache
  saved     what the cache saved against paying its tokens as input
  time      of the turns; model, tools, waiting (for a permission), retries and opencode add up to it
  p50, p90  of turns, by nearest rank
  +         behind a cost: some calls have no price, see "prices" in looptrace.config.json
  *         behind a cost: some of it is by your prices

Examples:
  looptrace stats
  looptrace stats --by week,model --since 90d
  looptrace stats --by branch --project shop
  looptrace stats --by pr --csv > pull-requests.csv
  looptrace stats --by tag --tools --since 7d
  looptrace stats --trends --project shop
  looptrace stats --json | jq '.total.cost'
${TOOLS_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("../commands/stats.js");
      finish(await commands.stats(sources, flags, terminal));
    });
}
