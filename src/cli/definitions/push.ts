import type { Command } from "commander";
import { parseDuration } from "../parse-duration.js";
import { parseText } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { PUSH_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace push` as the command line knows it. */
export function definePush(program: Command, { terminal, finish }: ProgramContext): void {
  program
    .command("push")
    .summary("deliver what is still in the outbox")
    .description("Delivers traces that could not be delivered earlier.")
    .option("--status", "show what waits, for whom and since when, and send nothing")
    .option(
      "--discard <destination>",
      "throw away what waits for it, without asking; --status shows the ids in [ ]",
      parseText,
    )
    .option("--timeout <duration>", "how long to try (default: 60s)", parseDuration)
    .option("--watch", "go on delivering what comes into the outbox, until interrupted")
    .option("--every <duration>", "how long to pause between two looks (default: 30s)", parseDuration)
    .option("-q, --quiet", "no progress")
    .option("--json", "print it as JSON; with --watch a line for each report")
    .addHelpText(
      "after",
      `
Examples:
  looptrace push
  looptrace push --status
  looptrace push --watch --every 5m
  looptrace push --discard 1f0c9a52d4e87b36
${PUSH_EXIT_CODES}`,
    )
    .action(async (flags) => {
      const commands = await import("../commands/push.js");
      finish(await commands.push(flags, terminal));
    });
}
