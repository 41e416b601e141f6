import type { Command } from "commander";
import { parseWidth } from "../parse-width.js";
import { parseText } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { DOCTOR_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace doctor` as the command line knows it. */
export function defineDoctor(program: Command, { terminal, finish }: ProgramContext): void {
  program
    .command("doctor")
    .summary("check that all is there that looptrace needs")
    .description(
      "Checks what looptrace needs, and says what to do where something is missing: Node.js, opencode, ripgrep, the configuration, whether the destinations take traces with these keys, looptrace's own folder, the outbox, the disk, and variables that are often set wrongly. Destinations are asked with an empty request; no trace is sent, and no secret is shown.",
    )
    .option("--opencode <path>", "the opencode to look at (LOOPTRACE_OPENCODE)", parseText)
    .option("--json", "print the findings as JSON")
    .option("--width <columns>", "width of the text (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
A warning is about what works, but not as well as it could, or not for ever. Each destination has
5 seconds to answer, all of them at once.

Examples:
  looptrace doctor
  looptrace doctor --opencode ./node_modules/.bin/opencode
  looptrace doctor --json \\
      | jq -r '.findings[] | select(.status != "ok") | .found'
  looptrace doctor > /dev/null || echo "looptrace is not set up"
${DOCTOR_EXIT_CODES}`,
    )
    .action(async (flags) => {
      const commands = await import("../commands/doctor.js");
      finish(await commands.doctor(flags, terminal));
    });
}
