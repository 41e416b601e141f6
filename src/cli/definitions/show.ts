import type { Command } from "commander";
import { parseShortDuration } from "../parse-duration.js";
import { parseCountFrom } from "../parse-number.js";
import { parseStepPath } from "../parse-step-path.js";
import { parseWidth } from "../parse-width.js";
import { withFrom, withSources } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { SHOW_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace show` as the command line knows it. */
export function defineShow(program: Command, { terminal, finish }: ProgramContext): void {
  withFrom(
    withSources(
      program
        .command("show")
        .summary("show the trace as a tree")
        .description(
          "Shows the traces of sessions in the terminal: steps, calls, tools, time, tokens, errors. Nothing is sent.",
        ),
      "the session that looptrace saw last, of any project, else the project's last one in opencode (default)",
    ),
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
      parseShortDuration,
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
  opencode export ses_… > session.json && \\
      looptrace show session.json --json | jq '.[0].loop.totalsWithSubagents'
${SHOW_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("../commands/show.js");
      finish(await commands.show(sources, flags, terminal));
    });
}
