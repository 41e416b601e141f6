import { type Command, InvalidArgumentError, Option } from "commander";
import { oneOf } from "./one-of.js";

/**
 * Options about what the trace says; the same on every command that sends one.
 *
 * @param sends whether the command sends traces itself, or takes the options that they were sent with
 */
export function withTraceOptions(command: Command, sends = true): Command {
  const sent = (text: string): string => (sends ? text : `${text}, as it was sent with`);
  return (
    command
      .option(
        "--trace-name <name>",
        sent("name of the trace (default: the session's title, else the prompt's first line)"),
        parseText,
      )
      .option("--user <id>", sent("user that the trace belongs to (LANGFUSE_USER_ID)"), parseText)
      .option("--tag <tag>", sent("a tag; can be given several times"), collect)
      .option("--environment <name>", sent("Langfuse's environment: a-z, 0-9, - and _ (LANGFUSE_TRACING_ENVIRONMENT)"))
      .option("--release <release>", sent("release that the trace belongs to (LANGFUSE_RELEASE)"), parseText)
      .option(
        "--no-content",
        sends
          ? "send structure, times, tokens and cost only: nothing that was said, read or called"
          : "it was sent with structure, times, tokens and cost only",
      )
      // No scores are read back; a command line that a trace was sent with is taken all the same.
      .addOption(
        new Option(
          "--scores",
          "score each turn in Langfuse: outcome, tool errors, cache, doom loop, time, cost (default)",
        ).hideHelp(!sends),
      )
      .addOption(new Option("--no-scores", "send no such scores").hideHelp(!sends))
      .option("--phases", sent("opencode's own phases as spans too: opencode.loading, opencode.snapshot, …"))
      .option("--metadata <key=value>", sent("goes into the loop's metadata; can be given several times"), collect)
  );
}

/** An option that can be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, parseText(value)];
}

/** A value that says something: an empty one is most often a shell variable that is not set. */
export function parseText(value: string): string {
  if (value.trim() !== "") return value;
  throw new InvalidArgumentError("It is empty.\nIs a variable not set?");
}

/** Options about what is masked; the same on every command that reads sessions. */
export function withMasking(command: Command): Command {
  return command
    .option("--mask <regex>", "mask also what matches, such as /acme-\\d+/i; can be given several times", collect)
    .option("--no-mask", "mask nothing but the keys that looptrace itself sends with");
}

/**
 * The sessions that a command is about; the same on every command that reads some.
 *
 * @param last what `--last` means
 */
export function withSources(command: Command, last: string): Command {
  return withMasking(
    command
      .argument(
        "[session|file|-...]",
        "sessions by id or its beginning, a word of the title, or the number in `looptrace ls`; files of `opencode export`, - for standard input",
      )
      .option("--last", last)
      .option("--pick", "choose one of the kept sessions from a list, by typing")
      .option("--all", "all sessions of this directory's project")
      .option("--since <duration|date>", "those that went on since then, such as 7d")
      .option("--project <folder|name>", "with --all or --since: kept ones of another project", parseText)
      .option("--opencode <path>", "the opencode to ask (LOOPTRACE_OPENCODE)", parseText)
      .option("-q, --quiet", "no notes, no progress"),
  );
}

/** Where a command's traces come from, beside this machine; the same on every command that can read them back. */
export function withFrom(command: Command): Command {
  return command
    .addOption(fromOption())
    .option("--tag <tag>", "with --from: only traces with this tag; can be given several times", collect)
    .option("--environment <name>", "with --from: only those of this Langfuse environment", parseText);
}

/** `--from langfuse` alone. */
export function fromOption(
  description = "read the traces back from Langfuse, by ids of traces or sessions, --last or --since",
): Option {
  return oneOf("--from <where>", description, ["langfuse"], { what: "place to read from" });
}
