import type { Command } from "commander";
import { parseText, withMasking, withTraceOptions } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { ATTACH_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace attach` as the command line knows it. */
export function defineAttach(program: Command, { terminal, finish }: ProgramContext): void {
  const attach = withMasking(
    program
      .command("attach")
      .summary("trace the turns of an opencode server as they happen")
      .description(
        "Follows an opencode that looptrace did not start, a TUI with `--port` or an `opencode serve`, of 1.x or 2, and traces each turn when it is over, until it is interrupted. What is closed of a turn is sent while the turn runs. Turns that are under way already are traced too.",
      )
      .argument("<url>", "where the server listens, such as http://127.0.0.1:4096"),
  )
    .option(
      "--password <password>",
      "the server's password; other users of this machine can see it here, so better OPENCODE_SERVER_PASSWORD, or OPENCODE_PASSWORD of opencode 2",
      parseText,
    )
    .option("--username <name>", "the server's user (OPENCODE_SERVER_USERNAME; default: opencode)", parseText)
    .option("-d, --dir <directory>", "only the sessions of this project (default: all)", parseText)
    .option("--session <id>", "only this session; one that is not there yet is waited for", parseText)
    .option("--no-live", "send a turn when it is over, and nothing before")
    .option("-q, --quiet", "no progress")
    .option("--json", "print a line of JSON for each turn that is over");
  withTraceOptions(attach)
    .addHelpText(
      "after",
      `
A line for each turn goes to stdout. The server may go away and come back: what happened meanwhile
is read when it is there again. When looptrace is ended, what is under way is kept as far as it
came.

Examples:
  opencode --port 4096          and in another terminal:
  looptrace attach http://127.0.0.1:4096
  looptrace attach http://127.0.0.1:4096 \\
      --session ses_e03b66d38ffe7m0arJ0ehJm9sO
  OPENCODE_SERVER_PASSWORD=… looptrace attach https://opencode.example.com \\
      --json >> turns.jsonl
${ATTACH_EXIT_CODES}`,
    )
    .action(async (url: string, flags) => {
      const commands = await import("../commands/attach.js");
      finish(await commands.attach(url, flags, terminal));
    });
}
