import type { Command } from "commander";
import { parsePort } from "../parse-number.js";
import { withMasking } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { VIEW_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace view` as the command line knows it. */
export function defineView(program: Command, { terminal, finish }: ProgramContext): void {
  withMasking(
    program
      .command("view")
      .summary("show the kept sessions in a browser")
      .description(
        "Serves the sessions that looptrace has kept to browsers on this machine: a list to search, sort and filter, with totals and a chart over time, which follows what is recorded; behind each session its report, and two of them side by side. Exports and reports that are dragged into the page are shown and not kept. Prints the address, alone on standard output, and goes on until it is interrupted. Nothing is sent or written.",
      ),
  )
    .option("--port <n>", "port on 127.0.0.1 (default: one that is free)", parsePort)
    .option("--open", "open it in this machine's browser (BROWSER names another one)")
    .option("--json", "print the address as JSON, on one line")
    .addHelpText(
      "after",
      `
The address holds a token that is new each time: who has it on this machine can read all that is
kept, so do not pass it on.

Examples:
  looptrace view --open
  looptrace view --port 4310
  looptrace view --json > address.json &
${VIEW_EXIT_CODES}`,
    )
    .action(async (flags) => {
      const commands = await import("../commands/view.js");
      finish(await commands.view(flags, terminal));
    });
}
