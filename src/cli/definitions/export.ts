import type { Command } from "commander";
import { oneOf } from "../one-of.js";
import { parseText, withSources } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { EXPORT_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace export` as the command line knows it. */
export function defineExport(program: Command, { terminal, finish }: ProgramContext): void {
  withSources(
    program
      .command("export")
      .summary("write the trace in a format of other tools")
      .description(
        "Writes sessions in the format of other tools: atif, the Agent Trajectory Interchange Format that Harbor and others read; otlp, a file of OTLP/JSON lines as an OpenTelemetry collector writes and viewers read it. Nothing is sent; the file holds what the sessions hold.",
      ),
    "the session that looptrace saw last, of any project, else the project's last one in opencode",
  )
    .addOption(oneOf("--format <format>", "the format", ["atif", "otlp"], { what: "format" }).makeOptionMandatory())
    .option("-o, --output <file>", "file to write (default: standard output)", parseText)
    .option("--fresh", "ask opencode anew instead of exporting what looptrace has kept of the session")
    .addHelpText(
      "after",
      `
atif: one session is one JSON document, several are one a line. A session's turns are one trajectory, its
subagents' trajectories stand in it.

Examples:
  looptrace export --last --format atif -o trajectory.json
  looptrace export --since 7d --format atif -o week.jsonl
  looptrace export --last --format otlp -o trace.otlp.jsonl
${EXPORT_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("../commands/export.js");
      finish(await commands.exportSessions(sources, flags, terminal));
    });
}
