import type { Command } from "./commander.js";

/** Options about what the trace says; the same on every command that sends one. */
export function withTraceOptions(command: Command): Command {
  return command
    .option("--trace-name <name>", "name of the trace (default: opencode.loop)")
    .option("--user <id>", "user that the trace belongs to (LANGFUSE_USER_ID)")
    .option("--tag <tag>", "a tag; can be given several times", collect)
    .option(
      "--environment <name>",
      "Langfuse's environment: a-z, 0-9, - and _ (LANGFUSE_TRACING_ENVIRONMENT)",
    )
    .option("--release <release>", "release that the trace belongs to (LANGFUSE_RELEASE)")
    .option("--metadata <key=value>", "goes into the loop's metadata; can be given several times", collect);
}

/** An option that can be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
