import type { Command } from "commander";
import { parseWidth } from "../parse-width.js";
import { collect, fromOption, parseText } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { SHOW_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace diff` as the command line knows it. */
export function defineDiff(program: Command, { terminal, finish }: ProgramContext): void {
  program
    .command("diff")
    .summary("compare two sessions")
    .description(
      "Shows two sessions side by side, turn by turn: outcome, model, steps, calls, tokens, cost, time, tools, and the first step where they part. Nothing is sent.",
    )
    .argument("[a]", "a session's id, title or number, a file of `opencode export`, or - for standard input")
    .argument("[b]", "the other one; with neither the two that looptrace saw last")
    .option(
      "--subagent <file>",
      "a file with a subagent's session, put where it belongs; can be given several times",
      collect,
    )
    .addOption(fromOption("compare sessions or traces that are read back from Langfuse"))
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
  looptrace diff
  looptrace diff 2 1
  looptrace diff before.json after.json
  looptrace diff ses_e03b66d38ffe7m0arJ0ehJm9sO \\
      ses_e03b020a2ffeR2xip0hUAj0456 --csv > diff.csv
  opencode export ses_… | looptrace diff before.json - --json \\
      | jq '.turns[0].parting'
${SHOW_EXIT_CODES}`,
    )
    .action(async (a: string | undefined, b: string | undefined, flags) => {
      const commands = await import("../commands/diff.js");
      finish(
        await commands.diff(
          [a, b].filter((one) => one !== undefined),
          flags,
          terminal,
        ),
      );
    });
}
