import type { Command } from "commander";
import { oneOf } from "../one-of.js";
import type { ProgramContext } from "./definition.js";
import { DASHBOARD_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace dashboard` as the command line knows it. */
export function defineDashboard(program: Command, { terminal, finish }: ProgramContext): void {
  program
    .command("dashboard")
    .summary("make a dashboard in Langfuse, or bring it up to date")
    .description(
      "Makes one dashboard in the Langfuse project of the keys, or brings the one that is there up to date, and prints its address: tools by time and failures, tokens and cost by model and day, context size, time to first token, cache, doom loops, retries.",
    )
    .option("--remove", "take the dashboard and its widgets away")
    .option("--dry-run", "say what would be done, and do nothing")
    .addOption(
      oneOf("--range <range>", "which time the address shows (default: 30d)", ["1d", "7d", "30d", "90d", "1y"], {
        what: "range",
      }),
    )
    .option("--json", "print what was done as JSON")
    .addHelpText(
      "after",
      `
The dashboard and its widgets are known again by a mark in their descriptions, so that a second
call changes nothing. The dashboard's name is yours to change, and what you put beside looptrace's
widgets stays. It needs Langfuse 4, whose API for dashboards may still change.

Examples:
  looptrace dashboard
  looptrace dashboard --dry-run
  looptrace dashboard --json | jq -r .url
  looptrace dashboard --remove
${DASHBOARD_EXIT_CODES}`,
    )
    .action(async (flags) => {
      const commands = await import("../commands/dashboard.js");
      finish(await commands.dashboard(flags, terminal));
    });
}
