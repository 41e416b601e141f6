import type { Command } from "commander";
import { parseWidth } from "../parse-width.js";
import { withSources } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { ADVISE_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace advise` as the command line knows it. */
export function defineAdvise(program: Command, { terminal, finish }: ProgramContext): void {
  withSources(
    program
      .command("advise")
      .summary("say what could have been spared, and how")
      .description(
        "Looks for what could have been spared in sessions: each finding with its tokens, time and cost, what shows it, and what to do. Of several sessions the same finding stands once. Nothing is sent.",
      ),
    "the session that looptrace saw last, else the project's last one",
  )
    .option("--fresh", "ask opencode anew instead of reading what looptrace has kept of the session")
    .option("--json", "print the findings as JSON")
    .option("--csv", "print the findings as CSV, a row each")
    .option("--width <columns>", "width of the text (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
Findings:
  repeated-read       a file was read again in the same turn, unchanged
  subagent-reread     subagents read again what was read before they began
  repeated-failure    most calls of a tool failed, all in the same way
  doom-loop           the model did the same again and again, in vain
  call-cycle          the same few calls came in turns, with the same results
  truncated-output    an output was truncated, and asked for again
  unused-server       an MCP server's tools were sent with each request and never called
  large-instructions  instruction files are the largest part of what stands before the conversation
  cache-break         the provider's cache broke: why, and what was read anew
  thinking            a model thought far more than it wrote
  permission-wait     permissions were waited for
  retries             requests failed and were made again
What is less than a hundredth of the session, or was seen too seldom, is no finding. What a text
cost is counted over all calls that it was sent with; findings may overlap: their sums are no total.

Examples:
  looptrace advise --last
  looptrace advise --since 7d
  looptrace advise --since 30d --csv > findings.csv
${ADVISE_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("../commands/advise.js");
      finish(await commands.advise(sources, flags, terminal));
    });
}
