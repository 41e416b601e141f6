import type { Command } from "commander";
import { parseText, withSources } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { REPORT_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace report` as the command line knows it. */
export function defineReport(program: Command, { terminal, finish }: ProgramContext): void {
  withSources(
    program
      .command("report")
      .summary("write the trace as one HTML page")
      .description(
        "Writes the traces of sessions as one HTML file that needs nothing else: a waterfall with every call's input, thinking, text and tool calls, how the tokens accumulated, how long the tools took, where the time went, the errors. Nothing is sent; the file holds what the sessions hold.",
      ),
    "the session that looptrace saw last, of any project, else the project's last one in opencode (default)",
  )
    .option("-o, --output <file>", "file to write; - for standard output (default: <title>-<id>.html)", parseText)
    .option("--open", "open it in this machine's browser (BROWSER names another one)")
    .option("--title <title>", "the page's title (default: the session's)", parseText)
    .option("--fresh", "ask opencode anew instead of reporting what looptrace has kept of the session")
    .option("--json", "print what was written as JSON")
    .addHelpText(
      "after",
      `
In the page: / searches everything, the arrow keys walk and fold, Enter opens a row's details,
Escape closes them, + and - zoom, z zooms to the row, 0 shows all.

Examples:
  looptrace report --open
  looptrace report 3 -o report.html
  looptrace report parent.json child.json -o report.html --title "Nightly run"
  looptrace report --since 7d -o week.html
  opencode export ses_… | looptrace report - -o report.html
${REPORT_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("../commands/report.js");
      finish(await commands.report(sources, flags, terminal));
    });
}
