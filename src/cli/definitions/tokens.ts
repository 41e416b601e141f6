import type { Command } from "commander";
import { parseTop } from "../parse-number.js";
import { parseWidth } from "../parse-width.js";
import { withFrom, withSources } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { SHOW_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace tokens` as the command line knows it. */
export function defineTokens(program: Command, { terminal, finish }: ProgramContext): void {
  withFrom(
    withSources(
      program
        .command("tokens")
        .summary("show how the context grew, and why")
        .description(
          "Shows, call by call, how many tokens the context held, what of it came from the cache, how much it grew, and what made it grow. Nothing is sent.",
        ),
      "the session that looptrace saw last, of any project, else the project's last one in opencode (default)",
    ),
  )
    .option(
      "--top [n]",
      "so many of the biggest contributors (default: 20), each with the call that it came with",
      parseTop,
    )
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
A line below tells where the provider's cache broke, and why where requests were recorded.
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
      const { top, ...others } = flags;
      // A source that stands behind it is no number.
      const named = typeof top === "string" ? [top, ...sources] : sources;
      const commands = await import("../commands/tokens.js");
      finish(await commands.tokens(named, { ...others, top: typeof top === "string" ? true : top }, terminal));
    });
}
