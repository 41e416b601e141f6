import type { Command } from "commander";
import { parseWidth } from "../parse-width.js";
import { withSources } from "../shared-options.js";
import type { ProgramContext } from "./definition.js";
import { WIRE_EXIT_CODES, WIRE_PLUGIN_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace wire` as the command line knows it. */
export function defineWire(program: Command, { terminal, finish }: ProgramContext): void {
  const wire = withSources(
    program
      .command("wire")
      .summary("show what was really sent to the model, request by request")
      .description(
        "Shows the requests that opencode sent to models' providers, as looptrace recorded and masked them: titles, compactions and dead attempts too. Nothing is sent.",
      ),
    "the session that looptrace saw last, of any project, else the project's last one in opencode (default)",
  )
    .option("--call <request>", "one request: its number in the list, from 0, or its name there")
    .option("--raw", "with --call: its body as it was sent, masked")
    .option("--curl", "with --call: as a command that sends it again; the key is the variable API_KEY")
    .option("--diff <requests...>", "what changed from one request to another, part by part")
    .option("--fresh", "ask opencode anew instead of showing what looptrace has kept of the session")
    .option("--json", "print the requests as JSON; with --call or --diff that")
    .option("--csv", "print the list as CSV, a row a request, times in ms")
    .option("--width <columns>", "width of the table (default: the terminal's)", parseWidth)
    .addHelpText(
      "after",
      `
Columns:
  sent        since the first request
  for         the call, the dead attempt or what else the request was for; a subagent's with its agent
  bytes, new  of the body; what of it the session's request before to that address and model did not hold
  in, cached  tokens of the prompt, and what of them came from the cache, as the provider counted
  out         tokens of the answer, its thinking included
  first       from the request to the first byte of the answer
  request id  the provider's, for its support

Examples:
  looptrace wire --last
  looptrace wire --last --call 0
  looptrace wire --last --call 2 --raw | jq .messages
  looptrace wire --last --call 2 --curl > request.sh
  looptrace wire --last --diff 2 3
  looptrace wire --last --call "explore llm-call-0"
  looptrace wire --since 7d --csv > requests.csv
  looptrace wire install
${WIRE_EXIT_CODES}`,
    )
    .action(async (sources: string[], flags) => {
      const commands = await import("../commands/wire.js");
      finish(await commands.wire(sources, flags, terminal));
    });
  wire
    .command("install")
    .summary("record the requests of opencode's TUI and of other servers too")
    .description(
      "Puts a small plugin into your opencode's configuration: it records what opencode sends to models, and when tools really begin and end, also where looptrace did not start it. Without looptrace it does nothing. Done again it brings the plugin up to date.",
    )
    .option("--content", "record also what was said, read and called, not masked (default: as before, at first so)")
    .option("--no-content", "record sizes, hashes and times only: nothing that was said, read or called")
    .option("--json", "print what was done as JSON")
    .addHelpText(
      "after",
      `
Examples:
  looptrace wire install
  looptrace wire install --no-content
  looptrace doctor                     # says whether it is there
${WIRE_PLUGIN_EXIT_CODES}`,
    )
    .action(async (flags) => {
      const commands = await import("../commands/wire-plugin.js");
      finish(await commands.wireInstall(flags, terminal));
    });
  wire
    .command("uninstall")
    .summary("take the plugin out of opencode's configuration again")
    .description(
      "Takes the plugin out of your opencode's configuration and removes its files, and what else `wire install` made there. What it has recorded stays; the command says where.",
    )
    .option("--json", "print what was done as JSON")
    .addHelpText(
      "after",
      `
Examples:
  looptrace wire uninstall
  looptrace wire uninstall --json | jq -r .recordings
${WIRE_PLUGIN_EXIT_CODES}`,
    )
    .action(async (flags) => {
      const commands = await import("../commands/wire-plugin.js");
      finish(await commands.wireUninstall(flags, terminal));
    });
}
