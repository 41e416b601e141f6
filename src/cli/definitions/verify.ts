import type { Command } from "commander";
import { parseDuration } from "../parse-duration.js";
import { parseWidth } from "../parse-width.js";
import { withSources, withTraceOptions } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { VERIFY_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace verify` as the command line knows it. */
export function defineVerify(program: Command, { terminal, finish }: ProgramContext): void {
  const verify = withSources(
    program
      .command("verify")
      .summary("check that Langfuse has what it should have")
      .description(
        "Reads the traces of sessions back from Langfuse and holds them against the sessions, span by span: what is missing, there more than once or different, and what is not to be seen yet. Scores and files are not looked at, and nothing is sent.",
      ),
    "the session that looptrace saw last, else the project's last one",
  )
    .option("--wait <duration>", "wait so long for what is not to be seen yet", parseDuration)
    .option("--full-input", "as it was said when the traces were sent")
    .option("--fresh", "ask opencode anew instead of taking what looptrace has kept of the session")
    .option("--json", "print the verdicts as JSON, with every field that differs")
    .option("--width <columns>", "width of the text (default: the terminal's)", parseWidth);
  withTraceOptions(verify, false)
    .addHelpText(
      "after",
      `
What is compared is what would be sent now: give the options about content, masking and user that
were given then. Tags and metadata that were added when it was sent are no difference, nor are costs
that Langfuse reckons from its own prices. Steps that are at work still are left out.
  missing             Langfuse has acknowledged it, and does not have it
  not visible yet     the same, but less than a minute ago
  not sent from here  it is not there, and this machine has no receipt for it
  there more than once  Langfuse counts it as often, until its database merges

Examples:
  looptrace verify --last --wait 30s
  looptrace verify ses_e03b66d38ffe7m0arJ0ehJm9sO
  looptrace verify --since 7d --json \\
      | jq '.traces[] | select(.verdict != "same")'
${VERIFY_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("../commands/verify.js");
      finish(await commands.verify(sources, flags, terminal));
    });
}
