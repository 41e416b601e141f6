import type { Command } from "commander";
import { parseWidth } from "../parse-width.js";
import type { ProgramContext } from "./definition.js";

/** `looptrace server` as the command line knows it. */
export function defineServer(program: Command, { terminal, finish }: ProgramContext): void {
  const server = program
    .command("server")
    .summary("list the opencode servers that runs have left, and stop them")
    .description(
      "Lists the opencode servers that runs have left for those after them: how long they have been there and without use, how much memory each takes, how often it was used, and why it was started.",
    )
    .option("--json", "print the list as JSON")
    .option("--width <columns>", "width of the table (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
They are of this user alone. Each goes by itself when no run has used it for its time: see --warm of
looptrace run. LOOPTRACE_WARM=0 leaves none.

Columns:
  idle  how long no run has used it, of how long it may be so
  why   what differs from the nearest server before it: nothing else makes a new one; looptrace run -v
        says it as well

Examples:
  looptrace server
  looptrace server --json | jq '.servers[].memoryBytes'
  looptrace server stop --all

Exit codes:
  0    it is done
  2    wrong usage`,
    )
    .action(async (flags) => {
      const commands = await import("../commands/server.js");
      finish(await commands.server(flags, terminal));
    });
  server
    .command("stop")
    .summary("stop servers")
    .description(
      "Stops servers, with the temporary files of each. One that runs use ends with the last of them; no run begins on it any more.",
    )
    .argument("[id...]", "which: the beginning of an id as the list shows it; not needed where there is one only")
    .option("--all", "all of them")
    .option("--json", "print what was done as JSON")
    .addHelpText(
      "after",
      `
Examples:
  looptrace server stop
  looptrace server stop 3f9a2c1b
  looptrace server stop --all

Exit codes:
  0    it is done
  2    there is no such server, or several could be meant`,
    )
    .action(async (ids: string[], flags) => {
      const commands = await import("../commands/server.js");
      finish(await commands.serverStop(ids, flags, terminal));
    });
}
