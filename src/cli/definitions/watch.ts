import type { Command } from "commander";
import { parseText, withMasking, withTraceOptions } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { WATCH_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace watch` as the command line knows it. */
export function defineWatch(program: Command, { terminal, finish }: ProgramContext): void {
  const watch = withMasking(
    program
      .command("watch")
      .summary("trace every turn of opencode on this machine")
      .description(
        "Follows opencode's own store on this machine and traces each turn when it is over, whoever ran it: the TUI, `opencode run`, an editor. Goes on until it is interrupted. opencode itself needs no plugin, and nothing of its sessions is changed.",
      ),
  )
    .option("--since <duration|date>", "trace also the turns that have ended since then, such as 1h", parseText)
    .option("-d, --dir <directory>", "only the sessions of this project (default: all)", parseText)
    .option("--opencode <path>", "the opencode that reads the store (LOOPTRACE_OPENCODE)", parseText)
    .option("-q, --quiet", "no progress")
    .option("--json", "print a line of JSON for each turn that is over");
  withTraceOptions(watch)
    .addHelpText(
      "after",
      `
A line for each turn goes to stdout, a second or two after its end. A session that is at work when
looptrace is ended is kept as far as it came.

Examples:
  looptrace watch
  looptrace watch --since 1h --tag interactive
  looptrace watch --dir . --json >> turns.jsonl
${WATCH_EXIT_CODES}`,
    )
    .action(async (flags) => {
      const commands = await import("../commands/watch.js");
      finish(await commands.watch(flags, terminal));
    });
}
