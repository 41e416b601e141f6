import type { Command } from "commander";
import { parseScore } from "../parse-score.js";
import { parseText, withSources, withTraceOptions } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { TRACE_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace trace` as the command line knows it. */
export function defineTrace(program: Command, { terminal, finish }: ProgramContext): void {
  const trace = withSources(
    program
      .command("trace")
      .summary("trace sessions that already happened")
      .description(
        "Computes the traces of past sessions and sends them to where they belong. What a destination has already is not sent again.",
      ),
    "this directory's project's last session in opencode, also one that looptrace has not seen",
  )
    .option("--force", "send also what was sent before; Langfuse counts it twice until its database merges")
    .option("--full-input", "send all that each call was told as its input, instead of what is new")
    .option(
      "--score <name=value>",
      "a score of the last turn of each session in Langfuse: a number, true, false or a text; can be given several times",
      parseScore,
    )
    .option("--score-comment <text>", "why the scores are so", parseText)
    .option("--json", "print the traces and what became of them as JSON");
  withTraceOptions(trace)
    .addHelpText(
      "after",
      `
Examples:
  looptrace trace --last
  looptrace trace ses_e03b66d38ffe7m0arJ0ehJm9sO
  looptrace trace exports/*.json --environment ci
  looptrace trace --since 7d
  looptrace trace --last --score tests=true --score-comment "412 passed"
${TRACE_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("../commands/trace.js");
      finish(await commands.trace(sources, flags, terminal));
    });
}
