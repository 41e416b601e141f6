import type { Command } from "commander";
import { oneOf } from "../one-of.js";
import { parseWidth } from "../parse-width.js";
import { withSources } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { CONTEXT_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace context` as the command line knows it. */
export function defineContext(program: Command, { terminal, finish }: ProgramContext): void {
  withSources(
    program
      .command("context")
      .summary("show what the prompts are made of, and what that costs")
      .description(
        "Shows what is in the tokens of a prompt: system prompt, instruction files, tools, messages, results; how much of it was paid for over all calls, and which tools were never used. Nothing is sent.",
      ),
    "the session that looptrace saw last, of any project, else the project's last one in opencode (default)",
  )
    .option("--call <request>", "that request, by its number or name in `looptrace wire` (default: the longest)")
    .addOption(
      oneOf("--by <what>", "a row for each owner, or for each part (default: owner)", ["owner", "segment"], {
        what: "kind of row",
      }),
    )
    .option("--fresh", "ask opencode anew instead of showing what looptrace has kept of the session")
    .option("--json", "print the table as JSON")
    .option("--csv", "print the table as CSV, a row each")
    .option("--width <columns>", "width of the table (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
Columns:
  tokens  in the prompt that is shown; of several sessions in the longest of each, added up
  share   of that prompt
  calls   in how many calls of all it was sent
  paid    tokens over all those calls, whether they came from the cache or not
  cached  how much of paid came from the cache
  cost    for paid, in USD, reckoned from what the calls cost

A provider counts a prompt as a whole. Its parts are reckoned from their texts, and scaled to that count;
the line "tokens" says how far off they were before that.

Examples:
  looptrace context --last
  looptrace context --last --call 4 --by segment
  looptrace context --since 7d --csv > context.csv
${CONTEXT_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("../commands/context.js");
      finish(await commands.context(sources, flags, terminal));
    });
}
