import type { Command } from "commander";
import { FAIL_ON } from "../../experiment/fail-on.js";
import { MEASURES } from "../../experiment/measure-names.js";
import { withAgentFlags } from "../agent-flags.js";
import { oneOf, someOf } from "../one-of.js";
import { parseDuration } from "../parse-duration.js";
import { parseAmount, parseCount, parseCountFrom, parseShare } from "../parse-number.js";
import { collect, parseText, withMasking, withTraceOptions } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { EXPERIMENT_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace experiment` as the command line knows it. */
export function defineExperiment(program: Command, { terminal, finish }: ProgramContext): void {
  const experiment = program
    .command("experiment")
    .summary("compare ways of working: which is better, and is it more than chance?")
    .description(
      "Runs opencode on the same cases in several ways (arms), each run in a git worktree of its own, and says of each measure whether an arm is better, worse, or whether there are too few runs to say. The same command again goes on where it ended.",
    )
    .argument("[cases]", "a file of cases, as the tasks of a batch; - reads standard input")
    .option("--dataset <name>", "take the cases from this dataset of Langfuse", parseText)
    .option("--arm <name:key=value,...>", "an arm; give two or more", collect)
    .option("--arms <file>", "arms from a JSON file, by their names", parseText)
    .option("--runs <n>", "runs of each case by each arm (default: 2)", parseCountFrom(1))
    .option("--verify <command>", "after each run a command in its worktree: exit code 0 means passed", parseText)
    .option("--verify-timeout <duration>", "how long that may take (default: 10m)", parseDuration)
    .option("--ref <commit>", "what the worktrees begin with: a commit, branch or tag (default: HEAD)", parseText)
    .option("--effect <share>", "the least difference that is to be found (default: 15%)", parseShare)
    .addOption(
      someOf("--measure <name>", `compare this alone, of ${MEASURES.join(", ")}; several with commas`, MEASURES, {
        what: "measure",
      }),
    )
    .option("--seed <text>", "what the order of the runs is drawn by (default: of the experiment's name)", parseText)
    .option("--name <name>", "what the experiment is called (default: after its cases)", parseText)
    .option("-n, --concurrency <n>", "runs at once (default: 2)", parseCountFrom(1))
    .option("-o, --output <file>", "where the results go (default: beside the cases, .experiment.jsonl)", parseText)
    .option("--max-cost <usd>", "start no more runs when those that are done cost so much", parseAmount)
    .option("--max-tokens <n>", "start no more runs when those that are done took so many tokens", parseCountFrom(1))
    .option("--max-errors <n>", "start no more runs when so many have failed", parseCountFrom(1))
    .option("--max-duration <duration>", "start no more runs after that time", parseDuration)
    .option("--patience <duration>", "how long to wait for a rate limit to end (default: 10m)", parseDuration)
    .option("--requeues <n>", "put a run back so often because of a rate limit (default: 10)", parseCount)
    .option("--keep-going", "go on with a provider's runs after it has refused the key or the credit");
  withAgentFlags(experiment, "batch")
    .option("--redis <url>", "have the runs done by the workers of a queue in this Redis", parseText)
    .option("--queue <name>", "the queue's name, with --redis (default: looptrace)", parseText)
    .option("--batch-id <name>", "what the experiment is known by again, with --redis", parseText)
    .option("--cancel", "with --redis: Ctrl-C takes what no worker has begun out of the queue")
    .addOption(
      oneOf("--fail-on <what>", "on which verdicts the exit code is 1 (default: worse)", FAIL_ON, { what: "verdict" }),
    )
    .option("--markdown <file>", "write the result as Markdown too, for a pull request; - prints it", parseText)
    .option("--junit <file>", "write the result as JUnit XML too; - prints it", parseText)
    .option("-q, --quiet", "no progress")
    .option("--json", "print the result as JSON");
  withMasking(withTraceOptions(experiment))
    .addHelpText(
      "after",
      `
An arm is what differs: model, agent, variant, system (replaces the system prompt) or system-file, mcp (name=url), opencode (a path,
or a version that is there), instructions (AGENTS.md and the like of a commit), ref (all of a commit), and
max-steps, max-tokens, max-cost, timeout and the like. The arm called base, else the first, is what the others
are compared with. --fail-on takes worse (default), undecided, not-better or nothing.

Examples:
  looptrace experiment tasks.jsonl --arm base --arm new:model=openai/gpt-5 \\
      --verify "npm ci && npm test"
  looptrace experiment tasks.jsonl --arm base \\
      --arm short:instructions=shorter-agents-md --runs 4
  looptrace experiment --dataset bugs --arms arms.json \\
      --markdown result.md --fail-on not-better
${EXPERIMENT_EXIT_CODES}`,
    )
    .action(async (cases: string | undefined, flags) => {
      const commands = await import("../commands/experiment.js");
      finish(await commands.experiment(cases, flags, terminal));
    });
}
