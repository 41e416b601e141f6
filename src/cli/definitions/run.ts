import { resolve } from "node:path";
import type { Command } from "commander";
import { withAgentFlags } from "../agent-flags.js";
import type { ExitCode } from "../exit-codes.js";
import { messageOf } from "../message.js";
import { parseText, withMasking, withTraceOptions } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace run` as the command line knows it. */
export function defineRun(program: Command, { terminal, extra, finish }: ProgramContext): void {
  const run = program
    .command("run")
    .summary("run opencode with tracing on")
    .description("Runs opencode on a message, prints its answer, and traces what its loop did.")
    .argument(
      "[message...]",
      "what to do; - reads it from standard input; what stands behind -- goes to opencode as it is",
    );
  withAgentFlags(run, "run")
    .option("--log-dir <folder>", "write a readable transcript of the session there", parseText)
    .option("--live", "send finished spans while the session runs")
    .option("-q, --quiet", "no progress, and nothing but the answer where all went well")
    .option("-v, --verbose", "also say why opencode had to be started, where no earlier run's was of use")
    .option("--json", "print the result with its traces as JSON")
    // So that a message may begin with a hyphen; what looks like an option is refused by messageOf.
    .allowUnknownOption();
  withMasking(withTraceOptions(run))
    .addHelpText(
      "after",
      `
Standard output gets a whole answer or nothing: what is less is left out, and a line on
standard error says how to see what there was of it. --json has it as text.

Examples:
  looptrace run "Fix the failing test"
  looptrace run -m anthropic/claude-sonnet-4-6 --timeout 20m --tag nightly \\
      "Update the changelog"
  looptrace run --continue "Now add a test for it"
  git diff | looptrace run - --json
  looptrace run --schema verdict.schema.json "Is the changelog up to date?"
  looptrace run "Look into ticket 7" \\
      --mcp tickets=http://127.0.0.1:8000/mcp -- --share
${EXIT_CODES}`,
    )
    .action(async (words: string[], flags, command: Command) => {
      let isTold = false;
      const onTold = (): void => {
        isTold = true;
      };
      const act = async (): Promise<ExitCode> => {
        const message = await messageOf(words, command, terminal);
        const [{ earlyServer }, { runProgress }] = await Promise.all([
          import("../early-server.js"),
          import("../run-progress.js"),
        ]);
        const servers = earlyServer(flags, extra, terminal);
        // Before all else is loaded: opencode takes seconds to start.
        const directory = resolve(terminal.cwd, flags.dir ?? ".");
        const progress = flags.quiet ? undefined : runProgress(terminal, { message, directory });
        try {
          const commands = await import("../commands/run.js");
          return await commands.run(message, { extra, servers, progress, onTold }, flags, terminal);
        } finally {
          progress?.stop();
          await servers.close();
        }
      };
      try {
        finish(await act());
      } catch (error) {
        // A program that reads the result finds there why there is none; of a turn that was made only stderr can tell.
        if (flags.json && !isTold) {
          const { refusalOf, refusedJson } = await import("../run-refused.js");
          terminal.out(refusedJson(refusalOf(error)));
        }
        throw error;
      }
    });
}
