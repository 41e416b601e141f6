import type { Command } from "commander";
import type { ProgramContext } from "./definition.js";

/** `looptrace trust` as the command line knows it. */
export function defineTrust(program: Command, { terminal, finish }: ProgramContext): void {
  program
    .command("trust")
    .summary("allow what a project's looptrace.config.json would decide")
    .description(
      "A looptrace.config.json that decides where traces go, which program is started, that nothing is masked or that opencode obeys the project, and one that others may write to, counts only once you have allowed it. It is allowed as it stands: after a change it is asked for again.",
    )
    .argument("[file]", "the file, or a folder of its project (default: that of the working directory)")
    .option("--list", "show which files are allowed")
    .option("--remove", "allow it no longer")
    .option("--json", "print it as JSON")
    .addHelpText(
      "after",
      `
Where no command can be given, in a CI say, LOOPTRACE_TRUST allows files, programs and folders with
all that is in them: absolute paths with : in between, or * for all.

Examples:
  looptrace trust
  looptrace trust ~/code/shop
  looptrace trust --list
  LOOPTRACE_TRUST="$CI_PROJECT_DIR" looptrace run "Fix the failing test"

Exit codes:
  0    it is done
  2    there is no such file, or it cannot be used`,
    )
    .action(async (file: string | undefined, flags) => {
      const commands = await import("../commands/trust.js");
      finish(await commands.trust(file, flags, terminal));
    });
}
