import type { Command } from "commander";
import { withAgentFlags } from "../agent-flags.js";
import { parseDuration } from "../parse-duration.js";
import { parseCountFrom } from "../parse-number.js";
import { parseText, withMasking, withTraceOptions } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { WORKER_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace worker` as the command line knows it. */
export function defineWorker(program: Command, { terminal, finish }: ProgramContext): void {
  const worker = program
    .command("worker")
    .summary("do the tasks of a queue, for batches on other machines")
    .description(
      "Takes tasks from a queue in a Redis, where looptrace batch --redis puts them, runs opencode on them, several at once, delivers their traces, and gives the results back through the queue. Goes on until it is interrupted.",
    )
    .requiredOption(
      "--redis <url>",
      "redis://[user:password@]host[:port][/db], rediss:// for TLS (password also: LOOPTRACE_REDIS_PASSWORD)",
      parseText,
    )
    .option("--queue <name>", "the queue's name (default: looptrace)", parseText)
    .option("-n, --concurrency <n>", "tasks at once (default: 2)", parseCountFrom(1));
  withAgentFlags(worker, "worker", ["directory"])
    .option(
      "--attempts <n>",
      "run a task so often at most where its error allows, rate limits not counted (default: 3)",
      parseCountFrom(1),
    )
    .option(
      "--lock <duration>",
      "how long the tasks of a worker that was killed wait for another one (default: 30s)",
      parseDuration,
    );
  withAgentFlags(worker, "worker")
    .option("-q, --quiet", "no progress")
    .option("--json", "print each finished task as JSON, one a line");
  withMasking(withTraceOptions(worker))
    .addHelpText(
      "after",
      `
Whoever can write to the queue runs prompts, and so commands, on the machines of its workers, and
reads what they answer: give that Redis a password, and let no stranger reach it.

A task that was given back, or whose worker was killed, begins anew in a new session. Ctrl-C or
SIGTERM gives what runs back to the queue; a second one quits at once.

Examples:
  looptrace worker --redis redis://queue.example.com -n 4 --dir /srv/checkouts
  LOOPTRACE_REDIS_PASSWORD=… looptrace worker \\
      --redis rediss://queue.example.com --queue nightly
  looptrace worker --redis redis://127.0.0.1 --json >> finished.jsonl
${WORKER_EXIT_CODES}`,
    )
    .action(async (flags) => {
      const commands = await import("../commands/worker.js");
      finish(await commands.worker(flags, terminal));
    });
}
