import type { Command } from "commander";
import { withAgentFlags } from "../agent-flags.js";
import { parseDuration } from "../parse-duration.js";
import { parseAmount, parseCount, parseCountFrom } from "../parse-number.js";
import { parseText, withMasking, withTraceOptions } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { BATCH_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace batch` as the command line knows it. */
export function defineBatch(program: Command, { terminal, finish }: ProgramContext): void {
  const batch = program
    .command("batch")
    .summary("run opencode on many tasks, several at once")
    .description(
      "Runs opencode on each task of a file, several at once, traces what its loops did, and records each result as soon as it is there. The same command again goes on where it ended.",
    )
    .argument("<tasks>", "a file of tasks, one JSON object or text a line; - reads standard input")
    .option("-n, --concurrency <n>", "tasks at once (default: 2)", parseCountFrom(1))
    .option("-o, --output <file>", "where the results go (default: beside the tasks, .results.jsonl)", parseText)
    .option("--retry-failed", "do tasks again that failed, or whose verify command did not pass")
    .option(
      "--max-cost <usd>",
      "start no more tasks when those that are done cost so much, as far as opencode knows prices, subagents included",
      parseAmount,
    )
    .option(
      "--max-tokens <n>",
      "start no more tasks when those that are done took so many tokens, cached ones and subagents included",
      parseCountFrom(1),
    )
    .option("--max-errors <n>", "start no more tasks when so many have failed", parseCountFrom(1))
    .option("--max-duration <duration>", "start no more tasks after that time", parseDuration)
    .option("--patience <duration>", "how long to wait for a rate limit to end (default: 10m)", parseDuration)
    .option("--requeues <n>", "put a task back so often because of a rate limit (default: 10)", parseCount)
    .option("--keep-going", "go on with a provider's tasks after it has refused the key or the credit")
    .option("--junit <file|->", "write the results as JUnit XML when the batch ends, a test case a task", parseText)
    .option("--verify <command>", "after each task a command in its directory: exit code 0 means well done", parseText)
    .option("--verify-timeout <duration>", "how long that may take (default: 10m)", parseDuration);
  withAgentFlags(batch, "batch")
    .option("--redis <url>", "have the tasks done by the workers of a queue in this Redis", parseText)
    .option("--queue <name>", "the queue's name, with --redis (default: looptrace)", parseText)
    .option(
      "--batch-id <name>",
      "what the batch is known by again, with --redis (default: this host and the results' path)",
      parseText,
    )
    .option("--cancel", "with --redis: Ctrl-C takes what no worker has begun out of the queue")
    .option("-q, --quiet", "no progress")
    .option("--json", "print the summary as JSON");
  withMasking(withTraceOptions(batch))
    .addHelpText(
      "after",
      `
A task is a text, or an object with a prompt and what differs for it:
  "Say what src/main.ts does"
  {"id":"bug-7","prompt":"Fix bug 7","model":"openai/gpt-5","directory":"a","timeout":"20m"}

Examples:
  looptrace batch tasks.jsonl -n 4
  looptrace batch tasks.jsonl -n 8 --max-cost 20 --max-errors 9 -o results.jsonl
  looptrace batch tasks.jsonl --retry-failed --retries 2 \\
      --fallback-model openai/gpt-5
  jq -c '.[]' issues.json | looptrace batch - -o results.jsonl --json
  looptrace batch tasks.jsonl --redis redis://queue.example.com   # for workers
${BATCH_EXIT_CODES}`,
    )
    .action(async (tasks: string, flags) => {
      if (flags.redis === undefined) {
        const commands = await import("../commands/batch.js");
        finish(await commands.batch(tasks, flags, terminal));
      } else {
        const commands = await import("../commands/fleet-batch.js");
        finish(await commands.fleetBatch(tasks, flags, terminal));
      }
    });
}
