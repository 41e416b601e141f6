import type { Command } from "commander";
import { parseCountFrom } from "../parse-number.js";
import { parseWidth } from "../parse-width.js";
import { collect, parseText, withMasking } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { LS_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace ls` as the command line knows it, and what fills its index in the background. */
export function defineLs(program: Command, { terminal, finish }: ProgramContext): void {
  withMasking(
    program
      .command("ls")
      .summary("list the kept sessions")
      .description(
        "Lists the sessions that looptrace has kept, of all projects, those that went on last first: title, outcome, when, project, model, steps, tokens, cost, slowest tool. A subagent's session stands in the one that it belongs to. Nothing is sent.",
      ),
  )
    .option(
      "--project <folder|name>",
      "only those that worked in or below a folder (. for here), or a part of its name",
      parseText,
    )
    .option("--since <duration|date>", "only those that went on since then, such as 7d", parseText)
    .option("--failed", "only those whose last turn failed or never ended")
    .option("--model <name>", "only those with a model whose name holds this", parseText)
    .option(
      "--grep <words>",
      "only those that hold all these words, in prompts, answers, thinking, tools' arguments or results; can be given several times",
      collect,
    )
    .option("--limit <n>", "how many at most, 0 for all (default: 20; with --json and --csv all)", parseCountFrom(0))
    .option("--all", "first keep the sessions of this directory's project that only opencode knows")
    .option("--opencode <path>", "the opencode to ask (LOOPTRACE_OPENCODE)", parseText)
    .option("--json", "print the list as JSON")
    .option("--csv", "print the list as CSV, a row a session, times in ms")
    .option("--width <columns>", "width of the table (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
A number of the list names its session to other commands until the next list: looptrace show 3. So does
the beginning of its id, or a word of its title.

The list is of all projects, whatever directory it is asked for in; --project . leaves this one's.

Sessions of opencode's that looptrace has never seen are not kept; --all reads them in. The first list
reads every kept session once; after that an index answers.

--grep takes words in any order, capital or not, and parts of words of three letters or more.

Examples:
  looptrace ls
  looptrace ls --project . --failed
  looptrace ls --since 7d --grep "ECONNREFUSED redis"
  looptrace ls --model sonnet --json | jq '.[].cost'
  looptrace ls --all
${LS_EXIT_CODES}`,
    )
    .action(async (flags) => {
      const commands = await import("../commands/ls.js");
      finish(await commands.ls(flags, terminal));
    });
  program.command("__index", { hidden: true }).action(async () => {
    const commands = await import("../commands/index-kept.js");
    finish(await commands.indexKept(terminal));
  });
}
