import type { Command } from "commander";
import { parseCount } from "../parse-number.js";
import { parseWidth } from "../parse-width.js";
import { withFrom, withSources } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { TOOLS_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace tools` as the command line knows it. */
export function defineTools(program: Command, { terminal, finish }: ProgramContext): void {
  withFrom(
    withSources(
      program
        .command("tools")
        .summary("show how long each tool took, and which calls were slow")
        .description(
          "Shows for each tool how often it was called, how often it failed and how long it took, and the slowest calls with their arguments: one table over all sessions that are named. Nothing is sent.",
        ),
      "the session that looptrace saw last, of any project, else the project's last one in opencode (default)",
    ),
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
  share    of the turns' time, how much had at least one such call at work; overlaps count once.
           What show has of it is less where the model still answered: that counts for the model
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
      const commands = await import("../commands/tools.js");
      finish(await commands.tools(sources, flags, terminal));
    });
}
