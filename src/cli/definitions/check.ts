import type { Command } from "commander";
import { parseDuration } from "../parse-duration.js";
import { parseAmount, parseCountFrom } from "../parse-number.js";
import { collectToolBudget } from "../parse-tool-budget.js";
import { parseWidth } from "../parse-width.js";
import { parseText, withSources } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { CHECK_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace check` as the command line knows it. */
export function defineCheck(program: Command, { terminal, finish }: ProgramContext): void {
  withSources(
    program
      .command("check")
      .summary("hold sessions to budgets, for CI")
      .description(
        "Checks that sessions stay within budgets, and says by how much they do not. Each budget is for each session: the sum of its turns with their subagents. Nothing is sent.",
      ),
    "the session that looptrace saw last, of any project, else the project's last one in opencode (default)",
  )
    .option("--max-cost <usd>", "what the calls may cost; fails where opencode knows no price", parseAmount)
    .option("--max-tokens <n>", "what the calls may take, cached tokens included", parseCountFrom(1))
    .option("--max-duration <duration>", "how long the turns may take, without the time between them", parseDuration)
    .option("--max-steps <n>", "how many steps there may be", parseCountFrom(1))
    .option(
      "--max-tool <[tool:]stat=duration>",
      "how long one tool may take, or all (no name, all or *): p1 to p100, max or sum; can be given several times",
      collectToolBudget,
    )
    .option("--no-errors", "no turn may fail; what it got over is no failure")
    .option("--no-tool-errors", "no tool call may fail, not even one that the model got over")
    .option("--no-doom-loop", "no tool call may be made, nor an answer without a tool given, 3 times in a row in vain")
    .option(
      "--no-cache-breaks",
      "the provider's cache may not break: no prompt may be read anew that was cached before",
    )
    .option("--fresh", "ask opencode anew instead of checking what looptrace has kept of the session")
    .option("--json", "print the results as JSON")
    .option("--junit <file|->", "write the results as JUnit XML, a test case a budget", parseText)
    .option("--width <columns>", "width of the text (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
Budgets may also stand under "check" in looptrace.config.json, named maxCost, maxTokens,
maxDuration, maxSteps, maxTool (a list), noErrors, noToolErrors, noDoomLoop and noCacheBreaks; flags
come first.
A value equal to its limit holds. What is not known, such as the cost of a model without a
price, does not hold. Where a subagent's session is missing, or a turn has no end, what is known
counts, and a warning says so. A turn that a fork copied counts zero. A tool that was not called
holds its budget, and the line says "not called": see that its name is right.

Examples:
  looptrace check --last --max-cost 0.50 --max-steps 30 --no-errors
  looptrace check session.json --max-tool p90=5s --max-tool bash:max=1m
  looptrace check --since 1d --no-doom-loop --junit reports/looptrace.xml
${CHECK_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("../commands/check.js");
      finish(await commands.check(sources, flags, terminal));
    });
}
